#compdef b3scalectl
# Completion of b3scalectl for zsh. For this shell, after compinit: source <(b3scalectl completions zsh)
# For all: b3scalectl completions zsh > /usr/local/share/zsh/site-functions/_b3scalectl

_b3scalectl() {
  local current=${words[CURRENT]}
  [[ $current == -* ]] || current=
  local -a line=("${(@Q)words[1,CURRENT-1]}")
  line[1]=${line[1]/#\~/$HOME}
  local -a values=("${(@f)$("${line[@]}" "$current" --generate-bash-completion 2>/dev/null)}")
  values=("${(@)values:#}")
  if [[ $values == '<file>' ]]; then
    _files
  else
    compadd -- "${values[@]}"
  fi
}

# In a file of $fpath this is the body of the function.
if [[ ${funcstack[1]} == _b3scalectl ]]; then
  _b3scalectl "$@"
else
  compdef _b3scalectl b3scalectl
fi
