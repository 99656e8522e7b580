"""A PyTorch network that does not learn, and no error says why: the doctor trains a copy and tells.

python examples/doctor_pytorch.py
"""

import torch
from torch import nn

import glassgrad as gg


def main():
    torch.manual_seed(0)
    points = torch.rand(512, 2) * 2 - 1
    inside = ((points**2).sum(dim=1) < 0.6).float()[:, None]
    batches = [(points[start : start + 32], inside[start : start + 32]) for start in range(0, 512, 32)]

    model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1), nn.Softmax(dim=1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    report = gg.doctor.examine(model, nn.BCELoss(), batches, optimizer, steps=200, seeds=2, seconds=30)
    print(report)
    assert report.verdict == "sick"
    assert report.causes[0].name == "one-unit-softmax"
    assert report.cures[0].works

    mended = nn.Sequential(*model[:-1])  # as the report says: without the softmax, and with the loss from logits
    optimizer = torch.optim.Adam(mended.parameters(), lr=0.01)
    after = gg.doctor.examine(mended, nn.BCEWithLogitsLoss(), batches, optimizer, steps=200, cures=False)
    print(f"\nMended: {after.verdict}, {after.learning.reason}")
    assert after.verdict == "healthy"


if __name__ == "__main__":
    main()
