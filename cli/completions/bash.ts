/** For bash 4 and later, with or without the package bash-completion. */
export const BASH_SCRIPT = `\
# bash completion of wgts, and of wg, wg-quick and wireguard-go where they are links to it

_wgts() {
	local rest=\${COMP_LINE:0:COMP_POINT} words=() i token

	# bash splits words at = and : too: what stands together is put together again.
	for ((i = 0; i <= COMP_CWORD; i++)); do
		token=\${COMP_WORDS[i]}
		if [[ $i == 0 || $rest == [[:space:]]* ]]; then
			words+=("")
			rest=\${rest#"\${rest%%[![:space:]]*}"}
		fi
		[[ $i == "$COMP_CWORD" ]] && token=$rest
		words[\${#words[@]} - 1]+=$token
		rest=\${rest#"$token"}
	done

	local current=\${words[\${#words[@]} - 1]} line value
	# Only what is behind the last of those characters is replaced by a completion.
	local kept=\${current%"\${current##*[=:]}"}

	COMPREPLY=()
	# Never the program whose path was typed: Tab must not run what Enter hasn't.
	while IFS= read -r line; do
		case $line in
		:any)
			compopt -o filenames 2>/dev/null
			while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$current")
			;;
		:configs)
			compopt -o filenames 2>/dev/null
			while IFS= read -r value; do
				[[ $value != *.conf && ! -d $value ]] || COMPREPLY+=("$value")
			done < <(compgen -f -- "$current")
			;;
		:directories)
			compopt -o filenames 2>/dev/null
			while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -d -- "$current")
			;;
		*)
			value=\${line%%$'\\t'*}
			# The value of an option is to follow at once.
			[[ $value == --*= ]] && compopt -o nospace 2>/dev/null
			COMPREPLY+=("\${value#"$kept"}")
			;;
		esac
	done < <(command wgts complete -- "\${words[@]}" 2>/dev/null)
}

complete -F _wgts wgts
for _wgts_link in wg wg-quick wireguard-go; do
	if [[ "$(type -P "$_wgts_link")" -ef "$(type -P wgts)" ]]; then
		complete -F _wgts "$_wgts_link"
	fi
done
unset _wgts_link
`;
