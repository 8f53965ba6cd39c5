from hgport.start import main

main()
