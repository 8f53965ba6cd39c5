# Completion of hgport for fish.  Install it as ~/.config/fish/completions/hgport.fish, or source
# it.

function __hgport_complete
    set -l word (commandline -ct)
    set -l run (string replace -r '^~/' -- "$HOME/" (commandline -opc)[1])
    # hgport answers with the value of --option=value alone
    set -l option (string match -r -- '^--[^=]*=' $word)
    set -l value (string replace -r -- '^--[^=]*=' '' $word)

    for line in (COMP_WORDS=(commandline -cp) COMP_CWORD=$word \
            _HGPORT_COMPLETE=fish_complete $run 2>/dev/null)
        # a range may have commas of its own
        set -l part (string split -m 1 , -- $line)
        switch $part[1]
            case dir
                string replace -r '^' -- "$option" (__fish_complete_directories $value '')
            case file
                string replace -r '^' -- "$option" (__fish_complete_path $value '')
            case plain
                echo -- "$option$part[2]"
        end
    end
end

complete --command hgport --no-files --arguments '(__hgport_complete)' --keep-order
