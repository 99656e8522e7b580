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


@pytest.mark.parametrize("lacks", ["parameters", "optimizer"])
def test_a_keras_model_that_cannot_be_watched_is_trained_all_the_same(monkeypatch, lacks):
    backend = SimpleNamespace(backend=lambda: "torch")
    module(monkeypatch, "keras", backend=backend, callbacks=SimpleNamespace(Callback=Callback))
    doctor, model = callbacks.keras(), network()
    model.optimizer = None if lacks == "optimizer" else OfKeras()
    model.trainable_variables = []
    doctor.model = model
    doctor.on_train_begin()
    doctor.on_train_end()
    with pytest.raises((ValueError, AttributeError)):
        doctor.report()


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


# ------------------------------------------------------------------ trainings that break off without a word
class KerasModel(nn.Sequential):
    """A model whose `fit` calls its callbacks as Keras's does: none of them is told of an exception."""

    def __init__(self):
        super().__init__(*network())
        self.optimizer = OfKeras()

    @property
    def trainable_variables(self):
        return [SimpleNamespace(value=one) for one in self.parameters()]

    def fit(self, doctor, breaks=None, at=6):
        doctor.model = self
        doctor.on_train_begin()
        x, y = batch()
        for step in range(10):
            self.zero_grad()
            prediction = self(x[:, :3] if step == at and breaks == "forward" else x)
            loss = torch.mean((prediction - (y[:3] if step == at and breaks == "loss" else y)) ** 2)
            if step == at and breaks == "data":
                raise ValueError("the data is over")
            loss.backward()
            variables = self.trainable_variables
            self.optimizer.apply([one.value.grad for one in variables], variables)
        doctor.on_train_end()


class Trainer:
    """Calls its callbacks as Hugging Face's does."""

    def __init__(self, model, doctor):
        self.model = model
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
        self.callback_handler = SimpleNamespace(callbacks=[doctor])

    def train(self, breaks=None, at=6):
        named = {"model": self.model, "optimizer": self.optimizer}
        [callback.on_train_begin(None, None, None, **named) for callback in self.callback_handler.callbacks]
        x, y = batch()
        for step in range(10):
            inputs = x[:, :3] if step == at and breaks == "forward" else x
            loss = self.model(inputs=inputs, labels=None if step == at and breaks == "loss" else y)["loss"]
            if step == at and breaks == "data":
                raise ValueError("the data is over")
            loss.backward()
            self.optimizer.step()
            self.model.zero_grad()
        [callback.on_train_end(None, None, None) for callback in self.callback_handler.callbacks]


@pytest.fixture
def of_keras(monkeypatch):
    module(
        monkeypatch,
        "keras",
        backend=SimpleNamespace(backend=lambda: "torch"),
        callbacks=SimpleNamespace(Callback=Callback),
    )
    doctor, model = callbacks.keras(every=2), KerasModel()
    return doctor, model, lambda **how: model.fit(doctor, **how), lambda: model(batch()[0]), model.optimizer


@pytest.fixture
def of_transformers(monkeypatch):
    module(monkeypatch, "transformers", TrainerCallback=Callback)
    doctor, model = callbacks.transformers(every=2), OfTrainer()
    trainer = Trainer(model, doctor)
    return doctor, model, trainer.train, lambda: model(*batch()), trainer.optimizer


def is_bare(model, optimizer):
    hooks = [*model.modules(), optimizer] if isinstance(optimizer, torch.optim.Optimizer) else model.modules()
    names = ("_forward_hooks", "_forward_pre_hooks", "_optimizer_step_pre_hooks", "_optimizer_step_post_hooks")
    return not any(getattr(one, name, None) for one in hooks for name in names) and "apply" not in vars(optimizer)


@pytest.mark.parametrize("at", [5, 6])  # of which the second is sampled
@pytest.mark.parametrize("breaks", ["forward", "loss", "data"])
@pytest.mark.parametrize("framework", ["of_keras", "of_transformers"])
def test_nothing_is_left_of_a_training_that_broke_off(request, framework, breaks, at):
    doctor, model, train, _, optimizer = request.getfixturevalue(framework)
    with pytest.raises((RuntimeError, ValueError, TypeError, AttributeError)):
        train(breaks=breaks, at=at)
    trace = doctor.report().trace
    assert len(trace.losses) == at
    assert torch.overrides._get_current_function_mode_stack() == []
    assert is_bare(model, optimizer)
    assert trace.notes == ()


@pytest.mark.parametrize("framework", ["of_keras", "of_transformers"])
def test_what_comes_after_a_training_that_broke_off_is_not_watched(request, framework):
    doctor, model, train, again, optimizer = request.getfixturevalue(framework)
    with pytest.raises(ValueError, match="the data is over"):
        train(breaks="data")
    assert not is_bare(model, optimizer)
    torch.ones(3).sum()  # a call that the sampled step would have recorded
    again()
    assert is_bare(model, optimizer)
    assert torch.overrides._get_current_function_mode_stack() == []
    assert len(doctor.report().trace.losses) == 6


@pytest.mark.parametrize("framework", ["of_keras", "of_transformers"])
def test_a_training_after_one_that_broke_off_is_watched_anew(request, framework):
    doctor, model, train, _, optimizer = request.getfixturevalue(framework)
    with pytest.raises(ValueError, match="the data is over"):
        train(breaks="data")
    train()
    assert is_bare(model, optimizer)
    assert len(doctor.report().trace.losses) == 10
    assert all(weight.update > 0 for weight in doctor.report().trace.samples[0].weights)


@pytest.mark.parametrize("at", [5, 6])
def test_a_step_after_a_training_that_broke_off_is_no_step_of_it(of_transformers, at):
    doctor, model, train, again, optimizer = of_transformers
    with pytest.raises(ValueError, match="the data is over"):
        train(breaks="data", at=at)
    optimizer.step()
    sum(one.sum() for one in model.parameters()).backward()
    optimizer.step()
    assert is_bare(model, optimizer) == (at == 5)
    again()
    assert is_bare(model, optimizer)
    assert len(doctor.report().trace.losses) == at
