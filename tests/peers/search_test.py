#!/usr/bin/env python3
"""Controllers of architecture search beside PyGlove's and Optuna's.

Usage: search_test.py [--seeds 5] [--evaluations 500 1000 2000] [--noise 1]
Needs: pip install pyglove==0.4.5 optuna==5.0.0
       bazel build //tests/peers:search_trace

The problem: 8 of 32 edges. Eight of them are worth 1 each; two of those eight
are worth 2 more if both are there; each of eight others costs 0.5. An evaluation
adds a normal error of deviation --noise. Best of all: 10. Everybody gets the
same evaluations, 40 at a time where they come in batches; what is compared is
the true worth of what each would choose after so many of them, mean and range
over the seeds.

Optuna has no sets: its trials give each edge a priority, and the 8 largest are
taken. PyGlove and Optuna choose the trial that scored best.
"""

import argparse
import pathlib
import random
import subprocess
import warnings

import optuna
import pyglove

K, N, BATCH = 8, 32, 40
BINARIES = pathlib.Path(__file__).resolve().parents[2] / "bazel-bin"
OURS = {
    "policy_gradient": "policy_gradient { step_size: 0.2 }",
    "policy_gradient, default": "policy_gradient {}",
    "regularized_evolution": "regularized_evolution {}",
    "nsga2": "nsga2 {}",
    "hill_climbing": "hill_climbing {}",
    "pointer_network": "pointer_network { hidden: 32 step_size: 0.01 }",
    "random": "random {}",
}


def worth(edges):
    edges = set(edges)
    good = len(edges & set(range(0, 32, 4)))
    both = 2 if {0, 4} <= edges else 0
    bad = len(edges & set(range(1, 32, 4)))
    return good + both - 0.5 * bad


class Evaluator:
    """Counts evaluations; notes what is chosen at the marks."""

    def __init__(self, marks, noise, seed):
        self.random = random.Random(seed)
        self.noise = noise
        self.marks = list(marks)
        self.count = 0
        self.seen = {}

    def __call__(self, edges):
        self.count += 1
        return worth(edges) + self.random.gauss(0, self.noise)

    def note(self, chosen):
        for mark in self.marks:
            if self.count >= mark and mark not in self.seen:
                self.seen[mark] = worth(chosen)

    @property
    def done(self):
        return self.count >= max(self.marks)


def run_starling(config, evaluator, seed):
    process = subprocess.Popen(
        [BINARIES / "tests/peers/search_trace", config, str(K), str(N),
         str(BATCH), str(seed)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while True:
        proposals = [[int(word) for word in process.stdout.readline().split()]
                     for _ in range(BATCH)]
        evaluator.note([int(w) for w in process.stdout.readline().split()])
        if evaluator.done:
            break
        for edges in proposals:
            process.stdin.write(f"{evaluator(edges)!r}\n")
        process.stdin.flush()
    process.stdin.close()
    process.wait()


def run_pyglove(algorithm, evaluator):
    space = pyglove.manyof(K, list(range(N)), choices_distinct=True,
                           choices_sorted=True)
    best = (float("-inf"), None)
    for edges, feedback in pyglove.sample(pyglove.Dict(edges=space), algorithm):
        score = evaluator(edges.edges)
        feedback(score)
        best = max(best, (score, list(edges.edges)))
        evaluator.note(best[1])
        if evaluator.done:
            break


def run_optuna(sampler, evaluator):
    study = optuna.create_study(direction="maximize", sampler=sampler)
    best = (float("-inf"), None)
    while not evaluator.done:
        trial = study.ask()
        priority = [trial.suggest_float(f"p{i}", 0, 1) for i in range(N)]
        edges = sorted(range(N), key=lambda i: -priority[i])[:K]
        score = evaluator(edges)
        study.tell(trial, score)
        best = max(best, (score, edges))
        evaluator.note(best[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--evaluations", type=int, nargs="+",
                        default=[500, 1000, 2000])
    parser.add_argument("--noise", type=float, default=1)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    methods = {f"Starling {name}":
               (lambda e, s, c=config: run_starling(c, e, s))
               for name, config in OURS.items()}
    methods["PyGlove regularized_evolution"] = lambda e, s: run_pyglove(
        pyglove.evolution.regularized_evolution(
            population_size=100, tournament_size=10, seed=s), e)
    methods["PyGlove random"] = lambda e, s: run_pyglove(
        pyglove.geno.Random(seed=s), e)
    methods["Optuna TPE"] = lambda e, s: run_optuna(
        optuna.samplers.TPESampler(seed=s), e)
    methods["Optuna random"] = lambda e, s: run_optuna(
        optuna.samplers.RandomSampler(seed=s), e)

    print(f"noise {args.noise}, {args.seeds} seeds; the best there is: 10")
    print(f"{'':36}" + "".join(f"{mark:>18}" for mark in args.evaluations))
    for name, method in methods.items():
        seen = []
        for seed in range(1, args.seeds + 1):
            evaluator = Evaluator(args.evaluations, args.noise, seed)
            method(evaluator, seed)
            seen.append(evaluator.seen)
        row = ""
        for mark in args.evaluations:
            values = [s[mark] for s in seen]
            row += (f"{sum(values) / len(values):8.2f} "
                    f"({min(values):.1f}..{max(values):.1f})").rjust(18)
        print(f"{name:36}{row}", flush=True)


if __name__ == "__main__":
    main()
