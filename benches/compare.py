#!/usr/bin/env python3
"""Runs the bench and the peers' harness in turn, and prints ratio by ratio how they compare.

    python3 benches/compare.py --peers DIR --python DIR/venv/bin/python --threads 2 --out compare.jsonl
    python3 benches/compare.py --peers DIR --workloads W1/b256,W2/rk4/10k --variants jax,torch --rounds 5
    python3 benches/compare.py --table compare.jsonl

DIR is the folder of the harness, with its `run.py` and `limits.py`. For each workload the rate of sgemm is taken first;
then a round runs ours, a peer, ours, the next peer, and so on. A ratio is that of a peer's run and of ours just before it,
so that both saw the machine at the same speed; above 1 ours is faster. A peer that is absent or fails costs its own line.
"""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """One way of running a peer; `library` is what its variants are compared within."""

    name: str
    library: str
    peer: str
    flags: tuple = ()


VARIANTS = (
    Variant("jax", "JAX", "jax"),
    Variant("jax-scan", "JAX", "jax-scan"),
    Variant("diffrax", "JAX", "diffrax"),
    Variant("torch", "PyTorch", "torch"),
    Variant("torch-keep-heap", "PyTorch", "torch", ("--keep-heap",)),
    Variant("torch-compile", "PyTorch", "torch-compile"),
    Variant("torch-compile-keep-heap", "PyTorch", "torch-compile", ("--keep-heap",)),
    Variant("tinygrad", "tinygrad", "tinygrad"),
)
OURS, LIMIT, WARM = "flow", "sgemm", " (warm cache)"

# Floating-point operations of the matrix products of one evaluation for one sample.
MOONS, WIDE = 37_376, 7_667_712
# A training step is counted as three evaluations of its batch: forward, and the gradients by inputs and by weights.
FLOPS = {  # of one step or one sample; the time's part is counted wherever it is computed
    "W1/b256": 3 * 256 * MOONS,
    "W1/b4096": 3 * 4096 * MOONS,
    **{f"W2/rk4/{n}": 400 * MOONS for n in ("10k", "100k")},
    **{f"W2/midpoint/{n}": 200 * MOONS for n in ("10k", "100k")},
    **{f"W2/euler/{n}": 100 * MOONS for n in ("10k", "100k")},
    "W5/train": 3 * 256 * WIDE,
    "W5/sample": 80 * WIDE,
    "W6/cold": None,
}
DEFAULT = [name for name in FLOPS if not name.endswith("100k")]


# ---------------------------------------------------------------- the table
def ratio(ours, theirs, unit):
    """How many times as fast ours is.

    >>> ratio(300.0, 100.0, "steps/s"), ratio(0.25, 2.0, "s")
    (3.0, 8.0)
    """
    return theirs / ours if unit == "s" else ours / theirs


def number(value):
    """
    >>> [number(v) for v in (12345.6, 99.94, 1.5, 0.0123)]
    ['12,346', '99.9', '1.50', '0.012']
    """
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def spread(values):
    """
    >>> spread([2.0, 1.0, 4.0])
    '2.00 (1.00 .. 4.00)'
    """
    return f"{number(statistics.median(values))} ({number(min(values))} .. {number(max(values))})"


def share_of_limit(workload, median, gflops):
    """
    >>> share_of_limit("W1/b256", 3300.0, 189.4)
    '50 %'
    """
    flops = FLOPS.get(workload)
    return f"{100 * median * flops / (gflops * 1e9):.0f} %" if flops and gflops else ""


def table(rows):
    """A markdown table of all rows; the fastest variant of each library is bold.

    >>> ok = {"workload": "W1/b256", "unit": "steps/s", "status": "ok"}
    >>> ours = [{**ok, "variant": "flow", "median": m} for m in (3000.0, 3300.0, 3600.0)]
    >>> limit = [{"workload": "W1/b256", "variant": "sgemm", "median": 189.4, "status": "ok"}]
    >>> fast = [{**ok, "variant": "jax", "library": "JAX", "median": 1100.0, "ratio": r} for r in (3.0, 2.7, 3.3)]
    >>> slow = [{**ok, "variant": "jax-scan", "library": "JAX", "median": 1000.0, "ratio": 3.5}]
    >>> gone = [{"workload": "W1/b256", "variant": "tinygrad", "library": "tinygrad", "status": "not installed"}]
    >>> print(table(ours + limit + fast + slow + gone))
    | workload | | median | | ours / theirs, median (min .. max) | round by round | of sgemm |
    | --- | --- | ---: | --- | --- | --- | ---: |
    | W1/b256 | flow | 3,300 | steps/s | | | 50 % of 189 GFLOP/s |
    | | **jax** | 1,100 | steps/s | **3.00 (2.70 .. 3.30)** | 3.00 2.70 3.30 | 17 % |
    | | jax-scan | 1,000 | steps/s | 3.50 (3.50 .. 3.50) | 3.50 | 15 % |
    | | tinygrad | | | not installed | | |
    """
    lines = ["| workload | | median | | ours / theirs, median (min .. max) | round by round | of sgemm |",
             "| --- | --- | ---: | --- | --- | --- | ---: |"]
    for workload in dict.fromkeys(row["workload"] for row in rows):
        here = [row for row in rows if row["workload"] == workload]
        of = lambda variant: [row for row in here if row["variant"] == variant]
        good = lambda variant: [row for row in of(variant) if row["status"] == "ok"]
        gflops = statistics.median([row["median"] for row in good(LIMIT)]) if good(LIMIT) else None
        ours = good(OURS)
        if ours:
            median = statistics.median(row["median"] for row in ours)
            share = share_of_limit(workload, median, gflops)
            share += f" of {gflops:.0f} GFLOP/s" if share else ""
            lines.append(f"| {workload} | {OURS} | {number(median)} | {ours[0]['unit']} | | | {share} |")
        else:
            lines.append(f"| {workload} | {OURS} | | | {reason(of(OURS))} | | |")
        variants = [v for v in dict.fromkeys(row["variant"] for row in here) if v not in (OURS, LIMIT)]
        ratios = {v: [row["ratio"] for row in good(v) if row.get("ratio")] for v in variants}
        fastest = {}
        for variant in filter(ratios.get, variants):
            library = good(variant)[0]["library"]
            best = fastest.get(library)
            if best is None or statistics.median(ratios[variant]) < statistics.median(ratios[best]):
                fastest[library] = variant
        for variant in variants:
            if not ratios[variant]:
                lines.append(f"| | {variant} | | | {reason(of(variant))} | | |")
                continue
            bold = "**" if variant in fastest.values() else ""
            median = statistics.median(row["median"] for row in good(variant))
            lines.append(f"| | {bold}{variant}{bold} | {number(median)} | {good(variant)[0]['unit']} | "
                         f"{bold}{spread(ratios[variant])}{bold} | {' '.join(map(number, ratios[variant]))} | "
                         f"{share_of_limit(workload, median, gflops)} |")
    others = [row["others_cpus"] for row in rows if row.get("others_cpus") is not None]
    if others:
        lines += ["", f"Other programs kept {number(statistics.median(others))} processors busy, at most "
                      f"{number(max(others))}. Rows beside a busy neighbour mean little."]
    return "\n".join(lines)


def reason(rows):
    """Why there is no number."""
    return next((row["status"] for row in rows if row["status"] != "ok"), "no ratio")


# ---------------------------------------------------------------- the runs
def build():
    """The bench's program, built if need be."""
    command = ["cargo", "bench", "--bench", "workloads", "--no-run", "--message-format", "json-render-diagnostics"]
    here = os.path.dirname(os.path.abspath(__file__))
    built = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=os.path.dirname(here))
    for line in built.stdout.splitlines():
        artifact = json.loads(line)
        if artifact.get("executable") and artifact.get("target", {}).get("name") == "workloads":
            return artifact["executable"]
    sys.exit("error: `cargo bench --bench workloads --no-run` gave no program; --ours names one")


def output_of(command, timeout, cwd=None):
    """What a program printed, and its exit status; past the timeout it ends with all that it started."""
    # A session of its own, so that there is one group to end.
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd,
                             start_new_session=True)
    try:
        printed, complaints = child.communicate(timeout=timeout)
    except BaseException:
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        child.kill()
        child.wait()
        raise
    return printed, complaints, child.returncode


def read_rows(command, timeout, cwd=None):
    """The rows that a program appends to its `--out`; a row that says so where there is none."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "rows.jsonl")
        try:
            _, complaints, status = output_of([*command, "--out", out], timeout, cwd)
        except subprocess.TimeoutExpired:
            return [{"status": f"timed out after {timeout:.0f} s"}]
        except OSError as error:
            return [{"status": "not installed", "error": str(error)}]
        if not os.path.exists(out):
            error = {"status": "failed", "error": complaints.strip()[-400:]}
            return [error if status else {"status": "not supported"}]
        with open(out) as rows:
            return [json.loads(row) for row in rows]


class Comparison:
    """What was measured so far, and how."""

    def __init__(self, arguments):
        self.arguments, self.rows, self.absent = arguments, [], set()
        self.began = time.monotonic()

    def minutes(self):
        return (time.monotonic() - self.began) / 60

    def record(self, row, workload, variant, **more):
        row = {**row, "workload": workload, "variant": variant, **more}
        self.rows.append(row)
        result = f"{number(row['median'])} {row.get('unit', '')}" if row["status"] == "ok" else row["status"]
        beside = f"  ratio {number(row['ratio'])}" if row.get("ratio") else ""
        print(f"{self.minutes():6.1f} min  {workload:<16} {variant:<32} {result}{beside}", file=sys.stderr, flush=True)
        if self.arguments.out:
            with open(self.arguments.out, "a") as out:
                out.write(json.dumps(row) + "\n")
        return row

    def flags(self, workload):
        """What both sides are told. A cold start is a whole process, once a round."""
        a = self.arguments
        repeats = 1 if workload.startswith("W6") else a.repeats
        return ["--workloads", workload, "--device", a.device, "--threads", str(a.threads), "--repeats", str(repeats),
                "--warmup", str(a.warmup), "--max-seconds", str(a.max_seconds)]

    def ours(self, workload, number_of_round):
        rows = read_rows([self.arguments.ours, *self.flags(workload)], self.arguments.timeout)
        found = next((row for row in rows if row.get("workload") == workload), rows[0])
        return self.record(found, workload, OURS, round=number_of_round)

    def theirs(self, workload, variant, number_of_round, ours):
        a = self.arguments
        command = [a.python, "run.py", "--peers", variant.peer, "--timeout", str(a.timeout), *variant.flags]
        # A cold start is several processes, each of which may take as long.
        rows = read_rows(command + self.flags(workload), 10 * a.timeout, cwd=a.peers)
        for row in rows:
            name = variant.name + (WARM if str(row.get("workload", "")).endswith("warmcache") else "")
            more = {"library": variant.library, "round": number_of_round}
            if row["status"] == "ok":
                more["ratio"] = ratio(ours["median"], row["median"], row["unit"])
            self.record(row, workload, name, **more)
        return rows[0]["status"]

    def limit(self, workload):
        """GFLOP/s of sgemm on all the threads, in these minutes."""
        if not FLOPS[workload]:
            return
        try:
            command = [self.arguments.python, "limits.py"]
            printed, _, _ = output_of(command, self.arguments.timeout, self.arguments.peers)
            rates = max(json.loads(printed)["runs"], key=lambda run: run["threads"])
            # Whichever size a neighbour disturbed less.
            gflops = max(rates["sgemm_2048_gflops"], rates["sgemm_256_gflops"])
            row = {"status": "ok", "median": gflops, "unit": "GFLOP/s", "limits": rates}
        except (OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
            row = {"status": "failed", "error": repr(error)}
        self.record(row, workload, LIMIT)

    def run(self, workload, variants):
        """All rounds of a workload; false once the time is up."""
        self.limit(workload)
        failures, longest, last = {}, 0.0, self.arguments.max_minutes
        # What cannot be done is not asked for again; what failed may have been bad luck, once.
        weight = {"ok": 0, "not supported": 2}
        given_up = lambda who: failures.get(who, 0) > 1 or getattr(who, "peer", None) in self.absent
        for number_of_round in range(1, self.arguments.rounds + 1):
            start = self.minutes()
            for variant in variants:
                if self.minutes() > last or start + longest > last:
                    return False
                if given_up(variant) or given_up(OURS):
                    continue
                ours = self.ours(workload, number_of_round)
                failures[OURS] = failures.get(OURS, 0) + weight.get(ours["status"], 1)
                if ours["status"] != "ok":
                    continue
                status = self.theirs(workload, variant, number_of_round, ours)
                failures[variant] = failures.get(variant, 0) + weight.get(status, 1)
                if status == "not installed":
                    self.absent.add(variant.peer)
            longest = max(longest, self.minutes() - start)
        return True


def main():
    names = [variant.name for variant in VARIANTS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", metavar="DIR", help="folder of the peers' harness")
    parser.add_argument("--python", metavar="PY", default=sys.executable, help="the Python that has the peers")
    parser.add_argument("--ours", metavar="PROGRAM", help="the bench; built and found by cargo unless given")
    parser.add_argument("--workloads", default=",".join(DEFAULT), help="full names: " + " ".join(FLOPS))
    parser.add_argument("--variants", default=",".join(names), help=" ".join(names))
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=0, help="pins all to as many processors; 0: as they are")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3, help="timed runs in a process, of which the median counts")
    parser.add_argument("--warmup", type=int, default=0, help="runs after the first one that are not timed either")
    parser.add_argument("--max-seconds", type=float, default=20, help="of the repeats of one process")
    parser.add_argument("--max-minutes", type=float, default=60, help="no round begins that would end after this")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for one process")
    parser.add_argument("--out", metavar="FILE", help="every row, as JSON lines")
    parser.add_argument("--table", metavar="FILE", nargs="+", help="prints the table of such files and runs nothing")
    arguments = parser.parse_args()
    if arguments.table:
        rows = [json.loads(line) for path in arguments.table for line in open(path)]
        return print(table(rows))
    if not arguments.peers or not os.path.exists(os.path.join(arguments.peers, "run.py")):
        parser.error("--peers DIR: the folder with the peers' run.py")
    asked = lambda text, known: [name for name in text.split(",") if name in known or parser.error(f"unknown: {name}")]
    workloads = asked(arguments.workloads, FLOPS)
    variants = [v for v in VARIANTS if v.name in asked(arguments.variants, names)]
    arguments.peers = os.path.abspath(arguments.peers)
    # Not `realpath`: the Python of a virtual environment is a link whose place counts.
    arguments.python = os.path.abspath(arguments.python) if os.sep in arguments.python else arguments.python
    arguments.ours = os.path.abspath(arguments.ours or build())
    if arguments.threads and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.threads])
    comparison = Comparison(arguments)
    try:
        for workload in workloads:
            if not comparison.run(workload, variants):
                print(f"time is up in {workload}: its rounds so far count", file=sys.stderr)
                break
    finally:
        print(table(comparison.rows))


if __name__ == "__main__":
    main()
