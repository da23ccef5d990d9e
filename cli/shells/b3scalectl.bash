#! /bin/bash
# Completion of b3scalectl for bash. For this shell: source <(b3scalectl completions bash)
# For all: b3scalectl completions bash > /etc/bash_completion.d/b3scalectl

_b3scalectl() {
  # bash splits words at ":" and "=" too. Those that no blank divides belong together.
  local line=${COMP_LINE:0:COMP_POINT} words=() word rest count=0 i
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    rest=${line#"${line%%[![:space:]]*}"}
    ((i == COMP_CWORD)) && word=$rest
    if ((count == 0)) || [[ $rest != "$line" || -z $line ]]; then
      words[count++]=$word
    else
      words[count - 1]+=$word
    fi
    line=${rest#"$word"}
  done

  local current=${words[count - 1]} quote=
  case $current in
    [\"\']*) quote=${current:0:1} current=${current:1} ;;
    *) current=${current//\\/} ;;
  esac
  local asked=
  [[ $current == -* ]] && asked=$current
  words=("${words[@]:0:count-1}")
  words=("${words[@]//[\"\'\\]/}")
  words[0]=${words[0]/#\~/$HOME}

  # What stands before the last break of the word is not replaced, so a candidate must not repeat it.
  local kept=
  if [[ -z $quote ]]; then
    for word in : =; do
      [[ $COMP_WORDBREAKS == *$word* && $current == *$word* ]] || continue
      rest=${current%"$word"*}$word
      ((${#rest} > ${#kept})) && kept=$rest
    done
  fi

  COMPREPLY=()
  while IFS= read -r word; do
    if [[ $word == '<file>' ]]; then
      compopt -o default 2>/dev/null
      return
    fi
    [[ -n $word && $word == "$current"* ]] || continue
    word=${word#"$kept"}
    [[ -n $quote ]] || printf -v word %q "$word"
    COMPREPLY+=("$word")
  done < <("${words[@]}" "$asked" --generate-bash-completion 2>/dev/null)
}

complete -o nosort -F _b3scalectl b3scalectl 2>/dev/null || complete -F _b3scalectl b3scalectl
