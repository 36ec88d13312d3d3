#!/bin/bash
# A Slurm cluster of one computer, for tests: controller, node and munge, all below a
# folder of its own, beside whatever else the computer has. It needs root and Debian's
# packages slurm-wlm and munge.
#
#   cluster.sh up DIR          starts it; then export SLURM_CONF=DIR/slurm.conf
#   cluster.sh stop DIR        ends the controller, as a crash does (SIGKILL)
#   cluster.sh start DIR       starts the controller again
#   cluster.sh down DIR        cancels all jobs and ends everything
set -euo pipefail

verb=${1:?up, stop, start or down}
dir=$(realpath -m "${2:?a folder}")
export SLURM_CONF=$dir/slurm.conf

# wait_for SECONDS COMMAND...: until it succeeds
wait_for() {
	local n=$1
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$((n -= 1))" -ge 0 ] || { echo "cluster.sh: $* does not succeed" >&2; return 1; }
		read -rt 1 <> <(:) || :
	done
}

# ended FILE: the process whose id is in the file is gone
ended() { [ ! -s "$1" ] || ! kill -0 "$(cat "$1")" 2>/dev/null; }

# end SIGNAL FILE
end() {
	[ -s "$2" ] || return 0
	kill "-$1" "$(cat "$2")" 2>/dev/null || :
	wait_for 20 ended "$2" || kill -KILL "$(cat "$2")" 2>/dev/null || :
}

controller() { slurmctld -f "$SLURM_CONF" -L "$dir/slurmctld.log" >/dev/null 2>&1 </dev/null; }

case $verb in
up)
	for program in slurmctld slurmd munged sbatch; do
		PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || { echo "cluster.sh: there is no $program: apt-get install slurm-wlm munge" >&2; exit 1; }
	done
	PATH=$PATH:/usr/sbin
	mkdir -p "$dir/state" "$dir/spool" "$dir/munge"
	chmod 755 "$dir" "$dir/munge"
	(umask 077; head -c 1024 /dev/urandom >"$dir/munge/key")
	munged --force --key-file="$dir/munge/key" --socket="$dir/munge/socket" --pid-file="$dir/munge/pid" \
		--log-file="$dir/munge/log" --seed-file="$dir/munge/seed" >/dev/null 2>&1 </dev/null
	host=$(hostname -s)
	# The ports are derived from the process, so that two clusters do not meet.
	port=$((20000 + $$ % 20000))
	# More processors than there are: the workers of these tests wait most of the time.
	cat >"$SLURM_CONF" <<-CONF
		ClusterName=farmtest
		SlurmctldHost=$host(127.0.0.1)
		SlurmUser=root
		AuthType=auth/munge
		AuthInfo=socket=$dir/munge/socket
		SlurmctldPort=$port
		SlurmdPort=$((port + 1))
		SlurmctldPidFile=$dir/slurmctld.pid
		SlurmdPidFile=$dir/slurmd.pid
		StateSaveLocation=$dir/state
		SlurmdSpoolDir=$dir/spool
		# Neither needs control groups, which containers do not have.
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		JobAcctGatherType=jobacct_gather/none
		MpiDefault=none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_CPU
		SchedulerParameters=sched_interval=2,bf_interval=5
		SlurmdParameters=config_overrides
		PreemptType=preempt/partition_prio
		PreemptMode=CANCEL
		KillWait=30
		ReturnToService=2
		NodeName=$host NodeAddr=127.0.0.1 CPUs=8 RealMemory=1000 State=UNKNOWN
		PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP PriorityTier=1 GraceTime=30
		PartitionName=urgent Nodes=$host MaxTime=INFINITE State=UP PriorityTier=10
	CONF
	controller
	slurmd -f "$SLURM_CONF" -L "$dir/slurmd.log" >/dev/null 2>&1 </dev/null
	wait_for 60 sh -c 'sinfo --noheader --partition=main --format=%t | grep -q idle'
	;;
stop)
	end KILL "$dir/slurmctld.pid"
	;;
start)
	PATH=$PATH:/usr/sbin
	controller
	wait_for 60 scontrol ping
	;;
down)
	scancel --name='' --user=root --state=PENDING >/dev/null 2>&1 || :
	squeue --noheader --format=%A 2>/dev/null | sort -u | xargs -r scancel >/dev/null 2>&1 || :
	wait_for 40 sh -c '[ -z "$(squeue --noheader 2>/dev/null)" ]' || :
	end TERM "$dir/slurmd.pid"
	end TERM "$dir/slurmctld.pid"
	end TERM "$dir/munge/pid"
	;;
*)
	echo "cluster.sh: $verb is not up, stop, start or down" >&2
	exit 2
	;;
esac
