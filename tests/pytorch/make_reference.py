"""Weights, velocities and samples of PyTorch, for the test beside this script.

    pip install torch safetensors numpy
    python tests/pytorch/make_reference.py

writes `data/*.safetensors` and `data/reference.json`. The weights are as a user of PyTorch saves them, with the names of
`nn.Module`; the velocities and samples are computed in float64 from what `float32` keeps of the stored weights, so that
nothing but rounding in float64 stands between them and an exact result.
"""

import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

DATA = Path(__file__).parent / "data"
ROWS = 12
STEPS = 20


class Moons(nn.Module):
    """[x, emb(t)] -> 64 -> 128 -> 64 -> 2 with ELU."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(2 + 32, 64), nn.ELU(), nn.Linear(64, 128), nn.ELU(), nn.Linear(128, 64), nn.ELU(), nn.Linear(64, 2)
        )

    def forward(self, t, x):
        # Angular frequencies in geometric progression from 1 to 64.
        frequencies = 64.0 ** (torch.arange(16, dtype=t.dtype) / 15)
        angles = t[:, None] * frequencies
        return self.net(torch.cat([x, angles.sin(), angles.cos()], dim=1))


class Residual(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, hidden)
        self.shift = nn.Linear(width, hidden, bias=False)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, h, c):
        return h + self.fc2(nn.functional.gelu(self.fc1(self.norm(h)) + self.shift(c)))


class Conv1D(nn.Module):
    """A linear layer that keeps its weight as [in, out], as GPT-2's do."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.empty(outputs))

    def forward(self, h):
        return h @ self.weight + self.bias


class Conditional(nn.Module):
    """A velocity in three dimensions, given one of five classes."""

    def __init__(self):
        super().__init__()
        # Frequencies in cycles: a buffer, for they are not trained.
        self.register_buffer("freqs", torch.empty(4))
        self.register_buffer("updates", torch.tensor(1234))
        self.label = nn.Embedding(5, 6)
        self.context = nn.Linear(8 + 6, 16)
        self.enter = nn.Linear(3, 16)
        self.blocks = nn.ModuleList([Residual(16, 24), Residual(16, 24)])
        self.norm = nn.LayerNorm(16)
        self.leave = Conv1D(16, 3)

    def forward(self, t, x, y):
        angles = 2 * math.pi * t[:, None] * self.freqs
        c = nn.functional.silu(self.context(torch.cat([angles.sin(), angles.cos(), self.label(y)], dim=1)))
        h = self.enter(x)
        for block in self.blocks:
            h = block(h, c)
        return self.leave(self.norm(h))


def randomize(module, generator):
    """Larger weights than a fresh network has, so that the layers bend; the ones of a norm stay near one."""
    for name, tensor in module.state_dict().items():
        if not tensor.is_floating_point():
            continue
        noise = torch.randn(tensor.shape, dtype=torch.float64, generator=generator)
        if name.endswith("norm.weight"):
            value = 1 + 0.2 * noise
        elif tensor.dim() == 2 and "label" not in name:
            value = noise * 1.2 / math.sqrt(tensor.shape[0] if "leave" in name else tensor.shape[1])
        else:
            value = noise * (0.2 if name.endswith("bias") else 1.0)
        tensor.copy_(value)


def rk4(velocity, x):
    """The classical method in equal steps from 0 to 1."""
    h = 1.0 / STEPS
    for step in range(STEPS):
        at = lambda offset: torch.full((len(x),), (step + offset) / STEPS, dtype=torch.float64)
        k1 = velocity(at(0.0), x)
        k2 = velocity(at(0.5), x + h / 2 * k1)
        k3 = velocity(at(0.5), x + h / 2 * k2)
        k4 = velocity(at(1.0), x + h * k3)
        x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return x


def case(file, module, prefix, dtype, x, t, *conditions):
    """Saves the weights in a type, reads them back, and computes with what was read."""
    def stored(tensor):
        return tensor.to(dtype).contiguous() if tensor.is_floating_point() else tensor

    path = DATA / f"{file}.safetensors"
    save_file({prefix + name: stored(tensor) for name, tensor in module.state_dict().items()}, path, {"format": "pt"})
    read = {name.removeprefix(prefix): tensor for name, tensor in load_file(path).items()}
    state = {
        name: tensor.to(torch.float32).to(torch.float64) if tensor.is_floating_point() else tensor
        for name, tensor in read.items()
    }
    module.load_state_dict(state)
    velocity = lambda t, x: module(t, x, *conditions)
    return {"file": path.name, "velocity": velocity(t, x).tolist(), "ends": rk4(velocity, x).tolist()}


@torch.no_grad()
def main():
    DATA.mkdir(exist_ok=True)
    generator = torch.Generator().manual_seed(20)
    exact = lambda *shape: torch.randn(shape, generator=generator, dtype=torch.float32).to(torch.float64)
    # Both ends, and times that float32 holds exactly.
    t = torch.arange(ROWS, dtype=torch.float64).mul(3).remainder(17) / 16
    t[0], t[1] = 0.0, 1.0

    moons = Moons().double()
    randomize(moons, generator)
    x = exact(ROWS, 2)
    reference = {"torch": torch.__version__.split("+")[0], "steps": STEPS, "times": t.tolist()}
    reference["moons"] = {"x": x.tolist(), "cases": [case("moons", moons, "", torch.float32, x, t)]}

    x, y = exact(ROWS, 3), torch.arange(ROWS) * 2 % 5
    cases = []
    for name, dtype in [("f32", torch.float32), ("f64", torch.float64), ("f16", torch.float16), ("bf16", torch.bfloat16)]:
        conditional = Conditional().double()
        randomize(conditional, generator)
        cases.append(case(f"conditional-{name}", conditional, "model.", dtype, x, t, y))
    reference["conditional"] = {"x": x.tolist(), "labels": y.tolist(), "cases": cases}
    (DATA / "reference.json").write_text(json.dumps(reference, indent=1) + "\n")


if __name__ == "__main__":
    main()
