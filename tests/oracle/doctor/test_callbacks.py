"""The callbacks, each under a loop that calls it as its framework does."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from glassgrad.base.errors import UsageError
from glassgrad.doctor import callbacks

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional


def module(monkeypatch, name, **names):
    made = ModuleType(name)
    vars(made).update(names)
    monkeypatch.setitem(sys.modules, name, made)
    return made


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))


def batch():
    x = torch.randn(32, 4, generator=torch.Generator().manual_seed(0))
    return x, x.sum(1, keepdim=True)


class Callback:
    pass


class Module(nn.Module):
    """As people write a LightningModule: `training_step` calls a part of it, never the whole."""

    def __init__(self):
        super().__init__()
        self.net = network()

    def training_step(self, x, y):
        return F.mse_loss(self.net(x), y)


def test_lightning(monkeypatch):
    module(monkeypatch, "lightning")
    module(monkeypatch, "lightning.pytorch", Callback=Callback)
    doctor, model = callbacks.lightning(every=5), Module()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    trainer = SimpleNamespace(optimizers=[SimpleNamespace(optimizer=optimizer)])
    assert isinstance(doctor, Callback)
    with pytest.raises(UsageError, match="no report yet"):
        doctor.report()
    doctor.on_train_start(trainer, model)

    def closure():  # Lightning clears and computes gradients inside of the step
        optimizer.zero_grad()
        loss = model.training_step(*batch())
        loss.backward()
        return loss

    for _ in range(30):
        optimizer.step(closure)
    doctor.on_exception(trainer, model, KeyboardInterrupt())
    doctor.on_train_end(trainer, model)
    trace = doctor.report().trace
    assert len(trace.losses) == 30
    assert [link.path for link in trace.samples[0].links] == ["loss", "net.2", "net.1", "net.0"]
    assert trace.setup.loss.name == "mse"
    assert trace.setup.data.task == "regression"
    assert trace.setup.wiring == ()
    assert trace.notes == ()


class OfTrainer(nn.Module):
    """As models of transformers are: the loss is part of the output."""

    def __init__(self):
        super().__init__()
        self.net = network()

    def forward(self, inputs, labels):
        logits = self.net(inputs)
        return {"loss": F.mse_loss(logits, labels), "logits": logits}


def test_transformers(monkeypatch):
    module(monkeypatch, "transformers", TrainerCallback=Callback)
    doctor, model = callbacks.transformers(every=5), OfTrainer()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    doctor.on_train_begin(None, None, None, model=model, optimizer=SimpleNamespace(optimizer=optimizer))
    x, y = batch()
    for _ in range(30):
        model(inputs=x, labels=y)["loss"].backward()
        optimizer.step()
        model.zero_grad()
    doctor.on_train_end(None, None, None)
    trace = doctor.report().trace
    assert len(trace.losses) == 30
    assert [link.path for link in trace.samples[0].links] == ["loss", "net.2", "net.1", "net.0"]
    assert trace.setup.wiring == ()
    assert trace.notes == ()


class OfKeras:
    """Keras's optimisers take gradients and variables, and are no torch.optim."""

    learning_rate, weight_decay = 0.1, None

    def apply(self, gradients, variables):
        with torch.no_grad():
            for gradient, variable in zip(gradients, variables, strict=True):
                variable.value.sub_(self.learning_rate * gradient)


def test_keras(monkeypatch):
    module(
        monkeypatch,
        "keras",
        backend=SimpleNamespace(backend=lambda: "torch"),
        callbacks=SimpleNamespace(Callback=Callback),
    )
    doctor, model = callbacks.keras(every=5), network()
    model.optimizer = OfKeras()
    variables = [SimpleNamespace(value=one) for one in model.parameters()]
    model.trainable_variables = variables
    doctor.model = model
    doctor.on_train_begin()
    x, y = batch()
    for _ in range(30):
        model.zero_grad()
        torch.mean((model(x) - y) ** 2).backward()
        model.optimizer.apply([one.value.grad for one in variables], variables)
    doctor.on_train_end()
    trace = doctor.report().trace
    assert len(trace.losses) == 30
    assert trace.losses[-1] < 0.5 * trace.losses[0]
    assert trace.setup.optimizers[0].name == "ofkeras"
    assert trace.setup.optimizers[0].rate == pytest.approx(0.1)
    assert all(weight.update > 0 for weight in trace.samples[0].weights)
    assert trace.setup.loss.name == "mse"
    assert trace.notes == ()


def test_keras_on_another_backend(monkeypatch):
    module(monkeypatch, "keras", backend=SimpleNamespace(backend=lambda: "jax"))
    with pytest.raises(UsageError, match="its backend is jax"):
        callbacks.keras()


@pytest.mark.parametrize("name", ["keras", "lightning", "transformers"])
def test_a_framework_that_is_not_there_is_named(monkeypatch, name):
    for one in ("keras", "transformers", "lightning", "lightning.pytorch", "pytorch_lightning"):
        monkeypatch.setitem(sys.modules, one, None)
    with pytest.raises(UsageError, match=f"package {name}"):
        getattr(callbacks, name)()
