/** For zsh 5: to be sourced after compinit, or to be installed as _wgts in a directory of $fpath. */
export const ZSH_SCRIPT = `\
#compdef wgts
# zsh completion of wgts, and of wg, wg-quick and wireguard-go where they are links to it

_wgts() {
	local line value
	local -a line_words values options
	line_words=("\${(@Q)words[1,CURRENT-1]}" "\${(Q)PREFIX}")

	# Never the program whose path was typed: Tab must not run what Enter hasn't.
	local files=
	for line in "\${(@f)$(command wgts complete -- "\${(@)line_words}" 2>/dev/null)}"; do
		case $line in
		("") ;;
		(:*) files=\${line#:} ;;
		(*)
			value=\${\${line%%$'\\t'*}//:/\\\\:}
			[[ $line == *$'\\t'* ]] && value+=":\${line#*$'\\t'}"
			# The value of an option is to follow at once.
			if [[ \${line%%$'\\t'*} == --*= ]]; then options+=("$value"); else values+=("$value"); fi
			;;
		esac
	done

	local found=1
	(($#values)) && _describe -t values value values && found=0
	(($#options)) && _describe -t options option options -S "" && found=0
	case $files in
	(any) _files && found=0 ;;
	(configs) _files -g "*.conf" && found=0 ;;
	(directories) _files -/ && found=0 ;;
	esac
	return $found
}

() {
	local link
	compdef _wgts wgts
	for link in wg wg-quick wireguard-go; do
		if [[ -n $commands[$link] && $commands[$link] -ef $commands[wgts] ]]; then
			compdef _wgts $link
		fi
	done
}

if [[ $funcstack[1] == _wgts ]]; then
	_wgts "$@"
fi
`;
