# SPDX-License-Identifier: MIT
# bash completion for umm(1)

_umm_run() {
	local current=$1 previous=$2
	case $previous in
	--mode) COMPREPLY=($(compgen -W "fifo latest" -- "$current")) && return ;;
	--copies) COMPREPLY=($(compgen -W "forbid allow" -- "$current")) && return ;;
	--heap) COMPREPLY=($(compgen -W "memfd hugetlb udmabuf udmabuf-hugetlb arena arena-dma32 $(ls /dev/dma_heap 2>/dev/null; cd /dev; ls -d video* dri/card* 2>/dev/null | sed s,dri/,,)" -- "$current")) && return ;;
	--board) COMPREPLY=($(compgen -W "$(umm explain --list 2>/dev/null)" -- "$current")) && return ;;
	--frames | --seconds | --buffers | --arena) return ;;
	esac
	case $current in
	-*)
		COMPREPLY=($(compgen -W "--frames --seconds --buffers --mode --heap --copies --json --quiet
			--guard --no-cache --arena --stir --content-check --content-check=auto --content-check=never --board --help" -- "$current"))
		;;
	*:*)
		# bash splits words at colons: only what follows is to be completed
		COMPREPLY=($(compgen -f -- "${current#*:}"))
		;;
	*)
		COMPREPLY=($(compgen -W "test file: v4l2: exec: compose compose: gl gl: png: framemd5: v4l2out: m2m: null wayland kms: +" -- "$current"))
		[[ ${COMPREPLY[0]} == *: ]] && compopt -o nospace
		;;
	esac
}

_umm_explain() {
	local current=$1 previous=$2 board=
	local i
	for ((i = 2; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -b || ${COMP_WORDS[i]} == --board ]] && board=${COMP_WORDS[i + 1]}
	done
	case $previous in
	-b | --board) COMPREPLY=($(compgen -W "$(umm explain --list 2>/dev/null)" -- "$current")) && return ;;
	-s | --size | -f | --format) return ;;
	esac
	case $current in
	-*)
		COMPREPLY=($(compgen -W "--board --size --format --json --list --help --frames --seconds --buffers --mode
			--heap --copies --quiet --guard --no-cache --arena --stir --content-check" -- "$current"))
		;;
	*)
		[[ -n $board ]] && COMPREPLY=($(compgen -W "$(umm explain --list --board "$board" 2>/dev/null |
			sed 's/^[^:/]*[:/]\([^ ]*\).*/\1/')" -- "$current"))
		[[ -z $board ]] && _umm_run "$current" "$previous"
		COMPREPLY+=($(compgen -f -X '!*.json' -- "$current"))
		;;
	esac
}

_umm() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		COMPREPLY=($(compgen -W "bench explain help probe run solve version --help --version" -- "$current"))
		return
	fi
	# behind the colon of a stage there is a file name
	if [[ $previous == : || $current == : ]]; then
		[[ $current == : ]] && current=
		COMPREPLY=($(compgen -f -- "$current"))
		compopt -o filenames
		return
	fi
	case ${COMP_WORDS[1]} in
	run) _umm_run "$current" "$previous" ;;
	explain) _umm_explain "$current" "$previous" ;;
	probe) COMPREPLY=($(compgen -W "--json --help" -- "$current")) ;;
	bench) ((COMP_CWORD == 2)) && COMPREPLY=($(compgen -W "handoff iova pool region solve --help" -- "$current")) ;;
	solve)
		COMPREPLY=($(compgen -f -W "--pretty --all --batch --help" -- "$current"))
		compopt -o filenames
		;;
	help) COMPREPLY=($(compgen -W "bench explain probe run solve version" -- "$current")) ;;
	esac
}

complete -F _umm umm
