from hgport.cli import main

main()
