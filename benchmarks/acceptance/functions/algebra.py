"""Matrix identities: traces, determinants, inverses, solves, norms, products."""

import numpy as np

from functions.registry import add, normal, number, one_hot, regular, spd, uniform


# ------------------------------------------------------------------ traces
def trace_of_product(A, X, B):
    return np.trace(A @ X @ B)


def trace_of_square(X):
    return np.trace(X @ X)


def trace_quadratic(X, A):
    return np.trace(X.T @ A @ X)


def trace_of_inverse(X):
    return np.trace(np.linalg.inv(X))


def trace_of_cube(X):
    return np.trace(np.linalg.matrix_power(X, 3))


def trace_mixed(A, X, B, C):
    M = A @ X.T @ B @ X
    return M.trace() + np.trace(C @ X)


def trace_by_einsum(A, B):
    return np.einsum("ij,ji->", A, B)


def trace_of_exponential(X):
    term = np.eye(3)
    total = np.eye(3)
    for k in range(1, 10):
        term = term @ X / k
        total = total + term
    return np.trace(total)


add("traces", trace_of_product, A=normal(3, 4), X=normal(4, 2), B=normal(2, 3))
add("traces", trace_of_square, X=normal(4, 4))
add("traces", trace_quadratic, X=normal(4, 3), A=normal(4, 4))
add("traces", trace_of_inverse, X=regular(4))
add("traces", trace_of_cube, X=normal(3, 3))
add("traces", trace_mixed, A=normal(3, 3), X=normal(4, 3), B=normal(4, 4), C=normal(3, 4))
add("traces", trace_by_einsum, A=normal(3, 4), B=normal(4, 3))
add("traces", trace_of_exponential, X=normal(3, 3, scale=0.4))


# ------------------------------------------------------------------ determinants
def determinant(X):
    return np.linalg.det(X)


def log_of_determinant(X):
    return np.log(np.linalg.det(X))


def determinant_of_product(A, X, B):
    return np.linalg.det(A @ X @ B)


def square_of_determinant(X):
    return np.linalg.det(X) ** 2


def log_determinant(X):
    sign, logdet = np.linalg.slogdet(X)  # noqa: RUF059 - as people write it
    return logdet


def log_determinant_of_gram(X):
    gram = X.T @ X
    return np.linalg.slogdet(gram)[1]


def determinant_by_hand(X):
    a, b, c = X[0]
    d, e, f = X[1]
    g, h, i = X[2]
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


def characteristic_polynomial(X, s):
    return np.linalg.det(X - s * np.eye(X.shape[0]))


add("determinants", determinant, X=normal(4, 4))
add("determinants", log_of_determinant, X=spd(4))
add("determinants", determinant_of_product, A=normal(3, 4), X=normal(4, 4), B=normal(4, 3))
add("determinants", square_of_determinant, X=normal(3, 3))
add("determinants", log_determinant, X=normal(4, 4))
add("determinants", log_determinant_of_gram, X=normal(5, 3))
add("determinants", determinant_by_hand, X=normal(3, 3))
add("determinants", characteristic_polynomial, X=normal(4, 4), s=number(0.7))


# ------------------------------------------------------------------ inverses and solves
def inverse_form(a, X, b):
    return a @ np.linalg.inv(X) @ b


def sum_of_inverse(X):
    Y = np.linalg.inv(X)
    return np.sum(Y * Y)


def solve_vector(A, b):
    x = np.linalg.solve(A, b)
    return x @ x


def solve_matrix(A, B, C):
    Z = np.linalg.solve(A, B)
    return np.sum(Z * C)


def ridge_residual(X, y, lam):
    w = np.linalg.solve(X.T @ X + lam * np.eye(X.shape[1]), X.T @ y)
    residual = X @ w - y
    return residual @ residual


def newton_inverse(A):
    Y = A.T / np.trace(A @ A.T)
    for _ in range(3):
        Y = 2 * Y - Y @ A @ Y
    return np.sum(Y)


def woodbury(A, U, C, V):
    inner = np.linalg.inv(np.linalg.inv(C) + V @ np.linalg.inv(A) @ U)
    left = np.linalg.inv(A) @ U
    return np.sum(np.linalg.inv(A) - left @ inner @ V @ np.linalg.inv(A))


def schur_complement(M):
    A, B = M[:2, :2], M[:2, 2:]
    C, D = M[2:, :2], M[2:, 2:]
    S = D - C @ np.linalg.solve(A, B)
    return np.linalg.det(S)


def stationary_distribution(P, r):
    Q = P / P.sum(axis=1, keepdims=True)
    n = Q.shape[0]
    pi = np.linalg.solve(np.eye(n) - Q.T + np.ones((n, n)), np.ones(n))
    return pi @ r


def pseudo_inverse(X, b):
    w = np.linalg.pinv(X) @ b
    return np.sum(w**2)


def stacked_solves(A, b):
    x = np.linalg.solve(A, b[..., None])[..., 0]
    return np.sum(np.sin(x))


add("inverses and solves", inverse_form, a=normal(4), X=regular(4), b=normal(4))
add("inverses and solves", sum_of_inverse, X=regular(3))
add("inverses and solves", solve_vector, A=regular(4), b=normal(4))
add("inverses and solves", solve_matrix, A=regular(3), B=normal(3, 2), C=normal(3, 2))
add("inverses and solves", ridge_residual, X=normal(6, 3), y=normal(6), lam=number(0.5))
add("inverses and solves", newton_inverse, A=regular(3))
add("inverses and solves", woodbury, A=regular(4), U=normal(4, 2), C=regular(2), V=normal(2, 4))
add("inverses and solves", schur_complement, M=regular(4))
add("inverses and solves", stationary_distribution, P=uniform(4, 4), r=normal(4))
add("inverses and solves", pseudo_inverse, X=normal(5, 3), b=normal(5))
add("inverses and solves", stacked_solves, A=spd(3, 2), b=normal(2, 3))


# ------------------------------------------------------------------ norms
def frobenius_norm(X):
    return np.linalg.norm(X)


def euclidean_norm(x):
    return np.linalg.norm(x)


def one_norm(x):
    return np.linalg.norm(x, 1)


def maximum_norm(x):
    return np.linalg.norm(x, np.inf)


def three_norm(x):
    return np.linalg.norm(x, ord=3)


def nuclear_norm(X):
    return np.linalg.norm(X, ord="nuc")


def spectral_norm(X):
    return np.linalg.norm(X, 2)


def column_sum_norm(X):
    return np.linalg.norm(X, 1)


def row_sum_norm(X):
    return np.linalg.norm(X, ord=np.inf)


def norms_of_rows(X):
    return np.sum(np.linalg.norm(X, axis=1))


def normalised_rows(X, T):
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    return np.sum(unit * T)


def residual_norm(A, x, b):
    return np.linalg.norm(A @ x - b)


def group_lasso(W, lam):
    penalty = 0.0
    for j in range(W.shape[1]):
        penalty = penalty + lam * np.sqrt(np.sum(W[:, j] ** 2) + 1e-8)
    return penalty


def elastic_net(X, y, w, alpha):
    loss = np.mean((X @ w - y) ** 2)
    return loss + alpha * (0.5 * np.sum(np.abs(w)) + 0.25 * w @ w)


add("norms", frobenius_norm, X=normal(3, 4))
add("norms", euclidean_norm, x=normal(5))
add("norms", one_norm, x=normal(5))
add("norms", maximum_norm, x=normal(5))
add("norms", three_norm, x=normal(5))
add("norms", nuclear_norm, X=normal(4, 3))
add("norms", spectral_norm, X=normal(4, 3))
add("norms", column_sum_norm, X=normal(3, 4))
add("norms", row_sum_norm, X=normal(3, 4))
add("norms", norms_of_rows, X=normal(4, 3))
add("norms", normalised_rows, X=normal(4, 3), T=normal(4, 3))
add("norms", residual_norm, A=normal(5, 3), x=normal(3), b=normal(5))
add("norms", group_lasso, W=normal(3, 4), lam=number(0.3))
add("norms", elastic_net, X=normal(6, 3), y=normal(6), w=normal(3), alpha=number(0.2))


# ------------------------------------------------------------------ forms and products
def quadratic_form(x, A):
    return x @ A @ x


def bilinear_form(x, A, y):
    return np.dot(x, np.dot(A, y))


def rayleigh_quotient(x, A):
    return (x @ A @ x) / (x @ x)


def least_squares(A, x, b):
    r = A @ x - b
    return 0.5 * np.dot(r, r)


def weighted_least_squares(A, x, b, w):
    r = A @ x - b
    return r.T @ np.diag(w) @ r


def kronecker_sum(A, B, C):
    return np.sum(np.kron(A, B) * C)


def kronecker_form(A, B, x):
    K = np.kron(A, B)
    return x @ K @ x


def hadamard_product(A, X, B):
    return np.sum((A * X) @ B)


def hadamard_square(A, X):
    return np.trace(A @ (X * X))


def outer_product(u, v, M):
    return np.sum(np.outer(u, v) ** 2 * M)


def commutator(A, B):
    C = A @ B - B @ A
    return np.sum(C**2)


def triple_product(a, b, c):
    return np.dot(a, np.cross(b, c))


def chain_of_matrices(A, B, C, x):
    return np.linalg.multi_dot([A, B, C]) @ x @ np.ones(A.shape[0])


def tensor_contraction(T, u, v):
    return np.sum(np.tensordot(np.tensordot(T, u, axes=([2], [0])), v, axes=([1], [0])) ** 2)


def trilinear_einsum(T, u, v, w):
    return np.einsum("ijk,i,j,k->", T, u, v, w)


def batched_bilinear(X, M, Y):
    scores = np.einsum("bi,ij,bj->b", X, M, Y)
    return np.sum(np.tanh(scores))


def diagonal_einsum(A, B):
    return np.sum(np.einsum("ii,ij->j", A, B) ** 2)


def block_matrix(A, B, x):
    M = np.block([[A, B], [B.T, A]])
    return x @ M @ x


def vandermonde_fit(x, c, y):
    V = np.stack([x**k for k in range(4)], axis=1)
    return np.mean((V @ c - y) ** 2)


def rotation(theta, P):
    c, s = np.cos(theta), np.sin(theta)
    x = c * P[:, 0] - s * P[:, 1]
    y = s * P[:, 0] + c * P[:, 1]
    return np.sum(x * y**2)


def rodrigues(k, v, angle):
    k = k / np.linalg.norm(k)
    turned = v * np.cos(angle) + np.cross(k, v) * np.sin(angle) + k * np.dot(k, v) * (1 - np.cos(angle))
    return turned @ np.array([1.0, 2.0, 3.0])


add("forms and products", quadratic_form, x=normal(4), A=normal(4, 4))
add("forms and products", bilinear_form, x=normal(3), A=normal(3, 4), y=normal(4))
add("forms and products", rayleigh_quotient, x=normal(4), A=spd(4))
add("forms and products", least_squares, A=normal(5, 3), x=normal(3), b=normal(5))
add("forms and products", weighted_least_squares, A=normal(5, 3), x=normal(3), b=normal(5), w=uniform(5))
add("forms and products", kronecker_sum, A=normal(2, 3), B=normal(3, 2), C=normal(6, 6))
add("forms and products", kronecker_form, A=normal(2, 2), B=normal(3, 3), x=normal(6))
add("forms and products", hadamard_product, A=normal(3, 4), X=normal(3, 4), B=normal(4, 2))
add("forms and products", hadamard_square, A=normal(3, 3), X=normal(3, 3))
add("forms and products", outer_product, u=normal(3), v=normal(4), M=normal(3, 4))
add("forms and products", commutator, A=normal(3, 3), B=normal(3, 3))
add("forms and products", triple_product, a=normal(3), b=normal(3), c=normal(3))
add("forms and products", chain_of_matrices, A=normal(3, 4), B=normal(4, 2), C=normal(2, 5), x=normal(5))
add("forms and products", tensor_contraction, T=normal(3, 4, 2), u=normal(2), v=normal(4))
add("forms and products", trilinear_einsum, T=normal(3, 4, 2), u=normal(3), v=normal(4), w=normal(2))
add("forms and products", batched_bilinear, X=normal(5, 3), M=normal(3, 4), Y=normal(5, 4))
add("forms and products", diagonal_einsum, A=normal(3, 3), B=normal(3, 4))
add("forms and products", block_matrix, A=normal(2, 2), B=normal(2, 2), x=normal(4))
add("forms and products", vandermonde_fit, x=normal(6), c=normal(4), y=normal(6))
add("forms and products", rotation, theta=number(0.6), P=normal(5, 2))
add("forms and products", rodrigues, k=normal(3), v=normal(3), angle=number(0.8))


# ------------------------------------------------------------------ factorisations
def largest_eigenvalue(A):
    S = (A + A.T) / 2
    w, V = np.linalg.eigh(S)  # noqa: RUF059 - as people write it
    return w[-1]


def spectral_function(A):
    w, V = np.linalg.eigh(A @ A.T + np.eye(3))
    root = V @ np.diag(np.sqrt(w)) @ V.T
    return np.sum(root * np.arange(9.0).reshape(3, 3))


def principal_components(X):
    Z = X - X.mean(axis=0)
    cov = Z.T @ Z / (len(Z) - 1)
    values, vectors = np.linalg.eigh(cov)  # noqa: RUF059 - as people write it
    top = vectors[:, -2:]
    return np.sum((Z - Z @ top @ top.T) ** 2)


def low_rank_loss(X):
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    near = U[:, :2] @ np.diag(s[:2]) @ Vt[:2]
    return np.sum((X - near) ** 2)


def log_singular_values(X):
    s = np.linalg.svd(X, compute_uv=False)
    return np.sum(np.log(s))


def condition_number(X):
    s = np.linalg.svd(X, compute_uv=False)
    return s[0] / s[-1]


def cholesky_log_determinant(S):
    L = np.linalg.cholesky(S @ S.T + 0.1 * np.eye(4))
    return 2 * np.sum(np.log(np.diag(L)))


def cholesky_sample(mu, F, z):
    L = np.linalg.cholesky(F @ F.T + np.eye(3))
    sample = mu + L @ z
    return np.sum(sample**3)


def qr_volume(A):
    Q, R = np.linalg.qr(A)  # noqa: RUF059 - as people write it
    return np.sum(np.log(np.abs(np.diag(R))))


def masked_factorisation(R, M, U, V, lam):
    error = M * (R - U @ V.T)
    return np.sum(error**2) + lam * (np.sum(U**2) + np.sum(V**2))


def power_iteration(A, v):
    for _ in range(4):
        v = A @ v
        v = v / np.linalg.norm(v)
    return v @ A @ v


def gram_schmidt(A):
    basis = []
    for j in range(A.shape[1]):
        q = A[:, j]
        for p in basis:
            q = q - (p @ q) * p
        basis.append(q / np.linalg.norm(q))
    Q = np.stack(basis, axis=1)
    return np.sum(Q * np.arange(12.0).reshape(4, 3))


def spectral_clustering(W, T):
    S = W + W.T
    degree = S.sum(axis=1)
    laplacian = np.eye(4) - S / np.sqrt(np.outer(degree, degree))
    values, _ = np.linalg.eigh(laplacian)
    return values[1] + np.sum(laplacian * T)


add("factorisations", largest_eigenvalue, A=normal(4, 4))
add("factorisations", spectral_function, A=normal(3, 3))
add("factorisations", principal_components, X=normal(6, 4))
add("factorisations", low_rank_loss, X=normal(5, 4))
add("factorisations", log_singular_values, X=normal(5, 3))
add("factorisations", condition_number, X=regular(4))
add("factorisations", cholesky_log_determinant, S=normal(4, 4))
add("factorisations", cholesky_sample, mu=normal(3), F=normal(3, 3), z=normal(3))
add("factorisations", qr_volume, A=normal(5, 3))
add(
    "factorisations",
    masked_factorisation,
    R=normal(5, 4),
    M=one_hot(5, 4),
    U=normal(5, 2),
    V=normal(4, 2),
    lam=number(0.1),
)
add("factorisations", power_iteration, A=spd(3), v=normal(3))
add("factorisations", gram_schmidt, A=normal(4, 3))
add("factorisations", spectral_clustering, W=uniform(4, 4), T=normal(4, 4))
