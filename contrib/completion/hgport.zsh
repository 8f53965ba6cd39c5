#compdef hgport
# Completion of hgport for zsh.  Install it as _hgport in a directory of $fpath, or source it after
# compinit.

_hgport() {
    local kind value help run=${~${(Q)words[1]}}
    local -a plain described reply
    reply=("${(@f)$(COMP_WORDS="${(F)words[1,CURRENT]}" COMP_CWORD=$((CURRENT - 1)) \
        _HGPORT_COMPLETE=zsh_complete $run 2>/dev/null)}")

    # hgport answers with the value of --option=value alone
    [[ $PREFIX == --*=* ]] && compset -P '*='
    for kind value help in $reply; do
        case $kind in
            plain) [[ $help == _ ]] && plain+=("$value") || described+=("$value:$help") ;;
            dir) _files -/ ;;
            file) _files ;;
        esac
    done
    (($#described)) && _describe -V hgport described
    (($#plain)) && compadd -V hgport -a plain
}

if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
    _hgport "$@"
else
    compdef _hgport hgport
fi
