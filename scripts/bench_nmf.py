"""The races of bench-nmf, which says what they are and prepares them."""

import json
import os
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import scipy.io
import scipy.sparse
import sklearn
from sklearn.datasets import load_digits
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import TfidfVectorizer
from threadpoolctl import threadpool_limits

TOOL, DATA, *CHOSEN = sys.argv[1:]
# Of a task, unless it says otherwise; those that take less than a second are noisy.
ROUNDS, MANY = 3, 12


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def tool(words, **files):
    """Runs the tool; returns its own seconds, those of the whole process, and its report."""
    with tempfile.TemporaryDirectory() as out:
        command = [TOOL, *words.format(**files).split(), "-o", out, "--threads", "1", "--json"]
        wall, run = timed(lambda: subprocess.run(command, check=True, capture_output=True))
        factor = np.load(os.path.join(out, "F.npy"))
    report = json.loads(run.stdout)
    return report["seconds"], wall, report, factor


class Row:
    """The best times of a task, peer and tool in turn."""

    def __init__(self, name, goal):
        self.name, self.goal = name, goal
        self.peer = self.own = self.wall = float("inf")
        self.note = ""

    def add(self, peer, own, wall):
        self.peer, self.own, self.wall = min(self.peer, peer), min(self.own, own), min(self.wall, wall)

    def __str__(self):
        ratio = self.own / self.peer
        goal = f"{self.goal} ({'met' if ratio <= self.goal else 'missed'})" if self.goal else ""
        return (f"| {self.name} | {self.peer:.4g} | {self.own:.4g} | {ratio:.3f} | {goal} "
                f"| {self.wall:.4g} | {self.note} |")


def race(name, goal, norm, peer, words, rounds=ROUNDS, **files):
    """`peer` returns the loss that the tool has to reach; `norm` is what its relative error is relative to."""
    row = Row(name, goal)
    loss = None
    for number in range(max(rounds, ROUNDS)):
        seconds = float("inf")
        if number < rounds:
            seconds, loss = timed(peer)
        target = float(loss / norm)
        own, wall, report, _ = tool(f"{words} --tol 0 --max-iter 100000 --target {target!r}", **files)
        assert report["relative_error"] <= target, (report, target)
        row.add(seconds, own, wall)
        row.note = f"loss {loss:.6g}, {report['iterations']} iterations, {words.split('--method')[1].strip()}"
    print(row, flush=True)


def classical(x, rank, iterations):
    """X ~ F G by the rule of Ding, Li & Jordan; returns the loss."""
    g = np.random.default_rng(0).random((rank, x.shape[1]))
    for _ in range(iterations):
        f = x @ g.T @ np.linalg.inv(g @ g.T)
        p, q = f.T @ x, f.T @ f
        above = (np.abs(p) + p) / 2 + (np.abs(q) - q) / 2 @ g
        below = (np.abs(p) - p) / 2 + (np.abs(q) + q) / 2 @ g
        g *= np.sqrt(above / below)
    f = x @ g.T @ np.linalg.inv(g @ g.T)
    return np.linalg.norm(x - f @ g)


def sk_nmf(x, **options):
    return NMF(random_state=0, **options).fit(x).reconstruction_err_


def save(folder, name, x):
    path = os.path.join(folder, name)
    if scipy.sparse.issparse(x):
        scipy.io.mmwrite(path, x, precision=17)
    else:
        np.save(path, x)
    return path


def texts(name):
    with open(os.path.join(DATA, name), encoding="utf-8") as lines:
        return [line.rstrip("\n").split("\t", 1)[1] for line in lines]


def uniform(folder):
    x = np.random.RandomState(0).rand(3000, 768)
    path = save(folder, "u.npy", x)
    for solver, goal in (("cd", 0.2), ("mu", None)):
        race(f"NMF, uniform 3000 x 768, rank 100, 50 iterations of {solver}", goal, np.linalg.norm(x),
             lambda: sk_nmf(x, n_components=100, init="nndsvda", max_iter=50, tol=0, solver=solver),
             "factorize {x} --method nmf --rank 100 --init random", x=path)


def tfidf(folder):
    vectorizer = TfidfVectorizer(stop_words="english")
    train = vectorizer.fit_transform(texts("20ng4-train.tsv"))
    path, norm = save(folder, "t.mtx", train), scipy.sparse.linalg.norm(train)
    for rank, solver, goal in ((5, "cd", 0.2), (20, "cd", 0.2), (5, "mu", None)):
        race(f"NMF, tf-idf {train.shape[0]} x {train.shape[1]}, rank {rank}, {solver}", goal, norm,
             lambda: sk_nmf(train, n_components=rank, init="nndsvda", solver=solver),
             f"factorize {{x}} --method nmf --rank {rank}", rounds=MANY if rank == 5 else ROUNDS, x=path)
    # The test set has fewer: rows of the training set make up for the rest.
    new = scipy.sparse.vstack([vectorizer.transform(texts("20ng4-test.tsv")), train])[:2000].tocsr()
    model = NMF(random_state=0, n_components=20, init="nndsvda").fit(train)
    save(folder, "G.npy", model.components_)
    path, row = save(folder, "n.mtx", new), Row("transform of 2000 rows, rank 20, cd", 0.2)

    def loss(w):
        h = model.components_
        return scipy.sparse.linalg.norm(new) ** 2 - 2 * np.sum(w * (new @ h.T)) + np.sum((w.T @ w) * (h @ h.T))

    for _ in range(MANY):
        seconds, w = timed(lambda: model.transform(new))
        own, wall, _, factor = tool("transform {x} --factors {folder} --nonnegative", x=path, folder=folder)
        assert loss(factor) <= loss(w) * (1 + 1e-8), (loss(factor), loss(w))
        row.add(seconds, own, wall)
    row.note = f"loss {loss(factor) ** 0.5:.8g}, the peer's {loss(w) ** 0.5:.8g}"
    print(row, flush=True)


def digits(folder):
    x = load_digits().data
    # scikit-learn's error is the root of twice the divergence, the tool's the root of that over the sum of X.
    race("NMF, digits 1797 x 64, rank 16, Kullback-Leibler, mu", 0.3, np.sqrt(2 * x.sum()),
         lambda: sk_nmf(x, n_components=16, init="nndsvda", solver="mu", beta_loss="kullback-leibler"),
         "factorize {x} --method nmf --rank 16 --loss kl", rounds=MANY, x=save(folder, "d.npy", x))


def gaussian(folder):
    x = np.random.RandomState(0).randn(3000, 768)
    race("SNMF, Gaussian 3000 x 768, rank 100, 3000 classical iterations", 0.01, np.linalg.norm(x),
         lambda: classical(x, 100, 3000), "factorize {x} --method snmf --rank 100", rounds=1,
         x=save(folder, "g.npy", x))


def embeddings(folder):
    path = os.path.join(DATA, "mpnet.npy")
    x = np.load(path)
    race(f"SNMF, embeddings {x.shape[0]} x {x.shape[1]}, rank 100, 100 classical iterations", 0.05,
         np.linalg.norm(x.astype(float)), lambda: classical(x, 100, 100), "factorize {x} --method snmf --rank 100",
         rounds=1, x=path)


TASKS = {"uniform": [], "tfidf": ["20ng4-train.tsv", "20ng4-test.tsv"], "digits": [], "gaussian": [],
         "embeddings": ["mpnet.npy"]}


def main():
    warnings.filterwarnings("ignore")
    print(f"scikit-learn {sklearn.__version__}, numpy {np.__version__}, one thread; seconds, the best of {ROUNDS}, "
          f"of {MANY} where they are less than a second (of one for the classical rule)\n")
    print("| task | peer | tool | ratio | goal | whole process | |\n|---|---|---|---|---|---|---|")
    with threadpool_limits(1), tempfile.TemporaryDirectory() as folder:
        for name, needed in TASKS.items():
            if CHOSEN and name not in CHOSEN:
                continue
            if missing := [file for file in needed if not os.path.exists(os.path.join(DATA, file))]:
                print(f"{name}: no {' and no '.join(missing)}", file=sys.stderr)
                continue
            globals()[name](folder)


main()
