"""Networks as scikit-learn estimators: for pipelines, grid searches, and everything else that takes one.

>>> from glassgrad.sklearn import NetworkClassifier
>>> x = np.linspace(-1, 1, 40)[:, None]
>>> model = NetworkClassifier(epochs=300, random_state=0).fit(x, np.where(x[:, 0] > 0, "up", "down"))
>>> model.predict([[-0.7], [0.7]])
array(['down', 'up'], dtype='<U4')
"""

from glassgrad.sklearn.classifier import NetworkClassifier
from glassgrad.sklearn.regressor import NetworkRegressor

__all__ = ["NetworkClassifier", "NetworkRegressor"]
