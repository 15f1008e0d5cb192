/** For fish 3 and later. */
export const FISH_SCRIPT = `\
# fish completion of wgts, and of wg, wg-quick and wireguard-go where they are links to it

function __wgts_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    # Never the program whose path was typed: Tab must not run what Enter hasn't.
    for line in (command wgts complete -- $words "$current" 2>/dev/null)
        switch $line
            case :any
                __fish_complete_path "$current"
            case :configs
                __fish_complete_path "$current" | string match -r -- '^[^\\t]*(?:/|\\.conf)(?:\\t.*)?$'
            case :directories
                __fish_complete_directories "$current" ""
            case '*'
                echo $line
        end
    end
end

complete -c wgts -f -a '(__wgts_complete)'
for link in wg wg-quick wireguard-go
    set -l path (command -s $link); or continue
    if test (realpath $path) = (realpath (command -s wgts))
        complete -c $link -e
        complete -c $link -f -a '(__wgts_complete)'
    end
end
`;
