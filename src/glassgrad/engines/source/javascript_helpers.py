"""The few functions that generated JavaScript leans on, over nested arrays. Floor 4."""

HELPERS = {
    "rankOf": """// The number of axes of a nested array.
const rankOf = (x) => (Array.isArray(x) ? 1 + rankOf(x[0]) : 0);""",
    "shapeOf": """// The sizes of a nested array.
const shapeOf = (x) => (Array.isArray(x) ? [x.length, ...shapeOf(x[0])] : []);""",
    "elementwise": """// f of each element, with NumPy's broadcasting.
function elementwise(f, ...xs) {
  const depth = Math.max(...xs.map(rankOf));
  if (depth === 0) return f(...xs);
  const parts = xs.map((x) => (rankOf(x) === depth ? x : [x]));
  const size = parts.every((p) => p.length === 1) ? 1 : parts.find((p) => p.length !== 1).length;
  return Array.from({ length: size }, (_, i) => elementwise(f, ...parts.map((p) => (p.length === 1 ? p[0] : p[i]))));
}""",
    "reduceOver": """// The elements along some axes (all, unless given) combined.
function reduceOver(combine, x, axes, keep = false) {
  const count = rankOf(x);
  const wanted = (axes ?? [...Array(count).keys()]).map((axis) => (axis + count) % count);
  const walk = (part, axis) => {
    if (axis === count) return part;
    const inner = part.map((p) => walk(p, axis + 1));
    if (!wanted.includes(axis)) return inner;
    const total = inner.reduce((a, b) => elementwise(combine, a, b));
    return keep ? [total] : total;
  };
  return walk(x, 0);
}""",
    "sumOver": "const sumOver = (x, axes, keep) => reduceOver((a, b) => a + b, x, axes, keep);",
    "prodOver": "const prodOver = (x, axes, keep) => reduceOver((a, b) => a * b, x, axes, keep);",
    "maxOver": "const maxOver = (x, axes, keep) => reduceOver(Math.max, x, axes, keep);",
    "minOver": "const minOver = (x, axes, keep) => reduceOver(Math.min, x, axes, keep);",
    "meanOver": """function meanOver(x, axes, keep) {
  const sizes = shapeOf(x);
  const count = (axes ?? sizes.map((_, axis) => axis)).reduce((n, axis) => n * sizes.at(axis), 1);
  return elementwise((total) => total / count, sumOver(x, axes, keep));
}""",
    "varianceOver": """// The mean squared deviation from the mean.
function varianceOver(x, axes, keep) {
  const deviations = elementwise((a, m) => (a - m) ** 2, x, meanOver(x, axes, true));
  return meanOver(deviations, axes, keep);
}""",
    "deviationOver": "const deviationOver = (x, axes, keep) => elementwise(Math.sqrt, varianceOver(x, axes, keep));",
    "matMul": """// a @ b
function matMul(a, b) {
  if (rankOf(a) > 2 && rankOf(b) > 2) return a.map((part, i) => matMul(part, b[i]));
  if (rankOf(a) > 1) return a.map((row) => matMul(row, b));
  if (rankOf(b) > 2) return b.map((part) => matMul(a, part));
  if (rankOf(b) === 2) return b[0].map((_, j) => a.reduce((total, x, i) => total + x * b[i][j], 0));
  return a.reduce((total, x, i) => total + x * b[i], 0);
}""",
    "outerProduct": "const outerProduct = (a, b) => a.map((x) => b.map((y) => x * y));",
    "transposeOf": "const transposeOf = (x) => (rankOf(x) < 2 ? x : x[0].map((_, j) => x.map((row) => row[j])));",
    "filledArray": """// An array of this shape with the same value everywhere.
function filledArray(sizes, value) {
  if (sizes.length === 0) return value;
  return Array.from({ length: sizes[0] }, (_, i) => {
    const same = rankOf(value) < sizes.length;
    return filledArray(sizes.slice(1), same ? value : value.length === 1 ? value[0] : value[i]);
  });
}""",
    "identityMatrix": "const identityMatrix = (n) => Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)));",
    "withNewAxes": """// x[:, None]: axes of size 1 at these places.
function withNewAxes(x, places, axis = 0) {
  if (places.includes(axis)) return [withNewAxes(x, places, axis + 1)];
  return Array.isArray(x) ? x.map((part) => withNewAxes(part, places, axis + 1)) : x;
}""",
}

NEEDS = {
    "elementwise": {"rankOf"},
    "reduceOver": {"rankOf", "elementwise"},
    "sumOver": {"rankOf", "elementwise", "reduceOver"},
    "prodOver": {"rankOf", "elementwise", "reduceOver"},
    "maxOver": {"rankOf", "elementwise", "reduceOver"},
    "minOver": {"rankOf", "elementwise", "reduceOver"},
    "meanOver": {"rankOf", "shapeOf", "elementwise", "reduceOver", "sumOver"},
    "varianceOver": {"rankOf", "shapeOf", "elementwise", "reduceOver", "sumOver", "meanOver"},
    "deviationOver": {"rankOf", "shapeOf", "elementwise", "reduceOver", "sumOver", "meanOver", "varianceOver"},
    "matMul": {"rankOf"},
    "transposeOf": {"rankOf"},
    "filledArray": {"rankOf"},
}
