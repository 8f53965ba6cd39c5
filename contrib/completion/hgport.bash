# Completion of hgport for bash, 4.4 or later.  Source this file in ~/.bashrc, or install it as
# ~/.local/share/bash-completion/completions/hgport.

_hgport() {
    local word kind value cut='' run=${1/#\~\//$HOME/}
    local -a words=()
    # readline ends a word at "=" and ":", but hgport gets it whole
    for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        if ((${#words[@]})) && [[ $word == [=:]* || ${words[-1]} == *[=:] ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
    done
    # what readline has already, and is not to be offered again
    [[ ${words[-1]} == *:* ]] && cut=${words[-1]%:*}:

    COMPREPLY=()
    while IFS=, read -r kind value; do
        case $kind in
            plain) COMPREPLY+=("${value#"$cut"}") ;;
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
        esac
    done < <(COMP_WORDS="${words[*]}" COMP_CWORD=$((${#words[@]} - 1)) \
        _HGPORT_COMPLETE=bash_complete "$run" 2>/dev/null)
}

complete -o nosort -F _hgport hgport
