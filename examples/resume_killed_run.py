"""
A run that is killed, and resumed bit for bit
=============================================

A checkpoint saves a run while it trains. Here a process is really killed, as by a power failure or
the scheduler of a cluster, and the same command run again. It ends with the same bytes as a
process that nobody killed.
"""

# %%
# The program
# -----------
#
# A script like any other: ``checkpoint=`` names a file, and with ``resume=True`` the same command
# starts the run and resumes it. After each epoch it prints the loss, with all digits.

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np

import xl2

PROGRAM = """
import sys
import xl2

name = sys.argv[1]
digits = xl2.load_data("digits")
network = xl2.Network([64, 200, 100, 10], ["relu", "relu", "softmax"], "he", seed=0)
xl2.fit(
    network, digits.X / 16, digits.y, epochs=60, optimizer="adam", learning_rate=0.002,
    penalty=0.1, dropout=0.2, checkpoint=name + ".ckpt", resume=True, progress=False,
    callbacks=[lambda network, history: print(len(history), history.loss[-1], flush=True)],
)
xl2.save(network, name + ".safetensors")
"""
folder = TemporaryDirectory()
program = Path(folder.name) / "train.py"
program.write_text(PROGRAM, encoding="utf-8")


def run(name, kill_after=None):
    """Run the program, and kill it after an epoch; return the epochs and losses it printed."""
    told = []
    with subprocess.Popen(
        [sys.executable, program, name], cwd=folder.name, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            epoch, loss = line.split()
            told.append((int(epoch), float(loss)))
            if told[-1][0] == kill_after:
                process.kill()
    epochs = [epoch for epoch, _ in told]
    print(f"{name}: epochs {epochs[0]} to {epochs[-1]}, exit status {process.returncode}")
    return np.array(told)


# %%
# One run undisturbed, and one killed
# -----------------------------------
#
# ``kill`` sends SIGKILL, which a process cannot catch. A checkpoint is written at the end of each
# epoch, after the callback that prints its loss, so the killed process may have told of an epoch
# that was not saved. The second process trains that once more.

whole = run("undisturbed")
killed = run("killed", kill_after=15)
resumed = run("killed")

# %%
# Are they the same?
# ------------------
#
# The losses, compared as they were printed, and all weights, byte by byte.

first = int(resumed[0, 0])
joined = np.concatenate([killed[killed[:, 0] < first], resumed])
same_losses = np.array_equal(joined, whole)
files = [Path(folder.name) / f"{name}.safetensors" for name in ("undisturbed", "killed")]
one, other = (xl2.load(file).network.host_parameters() for file in files)
same_bytes = all(
    p.tobytes() == q.tobytes()
    for layers in zip(one, other, strict=True)
    for p, q in zip(*layers, strict=True)
)
print(f"The losses of all {len(whole)} epochs are equal: {same_losses}.")
print(f"All weights and biases are equal, byte by byte: {same_bytes}.")
folder.cleanup()

# %%
# The losses of the two processes lie on the curve of the undisturbed one. Below, the difference:
# not small, but 0.

figure, (top, bottom) = plt.subplots(
    2, 1, figsize=(7, 5), sharex=True, height_ratios=(3, 1), layout="constrained"
)
top.plot(*whole.T, color="#b8b8b8", linewidth=7, label="undisturbed")
top.plot(*killed.T, color="#D55E00", marker="x", label="until it was killed")
top.plot(*resumed.T, color="#0072B2", marker=".", linestyle="--", label="resumed")
top.set(ylabel="training loss", yscale="log")
top.legend()
bottom.plot(joined[:, 0], joined[:, 1] - whole[:, 1], color="#0072B2", marker=".")
bottom.set(xlabel="epoch", ylabel="difference", ylim=(-1e-7, 1e-7))
for ax in (top, bottom):
    ax.axvline(first - 0.5, color="black", linewidth=1, linestyle=":")
plt.show()

# %%
# Paths have checkpoints too, in a folder: ``xl2 path flowers.csv --checkpoint path.ckpt`` and the
# same with ``--resume``, or ``checkpoint=`` and ``resume=`` of ``xl2.regularization_path``.
