"""``berth completion``: scripts that make a shell complete command lines of this client.

The scripts hold no knowledge of commands; they ask ``berth __complete``, which answers from the same
tables that parse the flags.
"""

from berth.base.errors import InvalidArgument
from berth.cli.command import Command

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command("[bash|zsh|fish]", min_args=1, max_args=1)

_BASH = """# bash completion for PROGRAM: source this file, or put it into /etc/bash_completion.d/
_PROGRAM_complete() {
    local IFS=$'\\n' line current="${COMP_WORDS[COMP_CWORD]}"
    COMPREPLY=()
    while read -r line; do
        COMPREPLY+=("${line%%$'\\t'*}")
    done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$current" 2>/dev/null)
    [ "${#COMPREPLY[@]}" -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _PROGRAM_complete PROGRAM
"""

_ZSH = """#compdef PROGRAM
# zsh completion for PROGRAM: put this file as _PROGRAM into a directory of $fpath
_PROGRAM() {
    local -a found
    local line
    while IFS= read -r line; do
        found+=("${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}")
    done < <("${words[1]}" __complete "${(@)words[2,CURRENT-1]}" "${words[CURRENT]}" 2>/dev/null)
    if (( ${#found} )); then
        _describe PROGRAM found
    else
        _files
    fi
}
compdef _PROGRAM PROGRAM
"""

_FISH = """# fish completion for PROGRAM: put this file into ~/.config/fish/completions/PROGRAM.fish
function __PROGRAM_complete
    set -l words (commandline -opc)
    $words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c PROGRAM -f -a '(__PROGRAM_complete)'
"""

SHELLS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def run(cli: "Cli", options: "Options") -> int:
    """Print the script of one shell."""
    shell = options.args[0]
    if shell not in SHELLS:
        raise InvalidArgument(f"unknown shell {shell}: completion knows {', '.join(SHELLS)}")
    cli.out.write(SHELLS[shell].replace("PROGRAM", cli.program))
    return 0
