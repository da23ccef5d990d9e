# Completion of b3scalectl for fish. For this shell: b3scalectl completions fish | source
# For all: b3scalectl completions fish > ~/.config/fish/completions/b3scalectl.fish

function __b3scalectl_candidates
    set -l line (commandline -opc)
    set -l program (string replace -r '^~' $HOME -- $line[1])
    set -e line[1]
    set -l current (commandline -ct)
    set -l asked ''
    string match -q -- '-*' $current
    and set asked $current
    set -l found (command $program $line "$asked" --generate-bash-completion 2>/dev/null)
    if test "$found" = '<file>'
        __fish_complete_path $current
    else
        string join \n -- $found
    end
end

complete -c b3scalectl -f -a '(__b3scalectl_candidates)'
