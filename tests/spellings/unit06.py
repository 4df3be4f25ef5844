"""Known mistakes of sheet 6, as students write them."""

SPELLINGS: dict[str, dict[str, list[str]]] = {
    "quadratic_gradient": {
        "Your quadratic part is too large": [
            """
def quadratic_gradient(point, matrix, slope):
    return np.dot(matrix, point) * 2 - np.asarray(slope)
""",
            """
def quadratic_gradient(point, matrix, slope):
    return (matrix + matrix.T) @ point - slope
""",
        ],
        "Your quadratic part is half": [
            """
def quadratic_gradient(point, matrix, slope):
    return np.dot(matrix, point) / 2 - np.asarray(slope)
""",
            """
def quadratic_gradient(point, matrix, slope):
    return jnp.stack([sum(row * point) / 2 - b for row, b in zip(matrix, slope)])
""",
        ],
        "You added b": [
            """
def quadratic_gradient(point, matrix, slope):
    return np.dot(matrix, point) + np.asarray(slope)
""",
            """
def quadratic_gradient(point, matrix, slope):
    return jax.grad(lambda x: 0.5 * x @ matrix @ x + slope @ x)(point)
""",
        ],
        "You left out the linear part": [
            """
def quadratic_gradient(point, matrix, slope):
    return np.dot(matrix, point)
""",
            """
def quadratic_gradient(point, matrix, slope):
    return jnp.stack([sum(row * point) for row in matrix])
""",
        ],
        "You returned the value of f": [
            """
def quadratic_gradient(point, matrix, slope):
    return np.dot(point, np.dot(matrix, point)) / 2 - np.dot(slope, point)
""",
            """
def quadratic_gradient(point, matrix, slope):
    return jnp.einsum("i,ij,j->", point, matrix, point) / 2 - sum(slope * point)
""",
        ],
        "You multiplied entry by entry": [
            """
def quadratic_gradient(point, matrix, slope):
    return np.multiply(matrix, point) - np.asarray(slope)
""",
            """
def quadratic_gradient(point, matrix, slope):
    return jnp.stack([row * point - slope for row in matrix])
""",
        ],
        "You returned b - A x": [
            """
def quadratic_gradient(point, matrix, slope):
    return np.asarray(slope) - np.dot(matrix, point)
""",
            """
def quadratic_gradient(point, matrix, slope):
    return -jax.grad(lambda x: 0.5 * x @ matrix @ x - slope @ x)(point)
""",
        ],
        "You returned the minimum": [
            """
def quadratic_gradient(point, matrix, slope):
    return np.linalg.solve(matrix, slope)
""",
            """
def quadratic_gradient(point, matrix, slope):
    return jnp.linalg.inv(matrix) @ slope
""",
        ],
        "You used only the diagonal of A": [
            """
def quadratic_gradient(point, matrix, slope):
    return np.diag(matrix) * np.asarray(point) - slope
""",
            """
def quadratic_gradient(point, matrix, slope):
    return jnp.array([matrix[i, i] * point[i] - slope[i] for i in range(len(point))])
""",
        ],
        "You added up the columns of A before you multiplied": [
            """
def quadratic_gradient(point, matrix, slope):
    return np.sum(np.asarray(matrix) * point, axis=0) - slope
""",
            """
def quadratic_gradient(point, matrix, slope):
    return point * jnp.array([sum(row) for row in matrix.T]) - slope
""",
        ],
        "You multiplied A with x - b": [
            """
def quadratic_gradient(point, matrix, slope):
    return np.dot(matrix, np.subtract(point, slope))
""",
            """
def quadratic_gradient(point, matrix, slope):
    return jnp.array([sum(a * (x - b) for a, x, b in zip(row, point, slope)) for row in matrix])
""",
        ],
        "You multiplied b by the point": [
            """
def quadratic_gradient(point, matrix, slope):
    return np.asarray(matrix) @ point - np.multiply(slope, point)
""",
            """
def quadratic_gradient(point, matrix, slope):
    return jnp.stack([matrix[i] @ point - slope[i] * point[i] for i in range(len(point))])
""",
        ],
    },
    "quadratic_hessian": {
        "You returned A itself": [
            """
def quadratic_hessian(matrix):
    return np.array(matrix)
""",
            """
def quadratic_hessian(matrix):
    return jax.jacobian(lambda x: matrix @ x)(jnp.ones(len(matrix)))
""",
        ],
        "Your Hessian is twice as large": [
            """
def quadratic_hessian(matrix):
    return np.add(matrix, np.transpose(matrix))
""",
            """
def quadratic_hessian(matrix):
    return jax.hessian(lambda x: x @ matrix @ x)(jnp.zeros(len(matrix)))
""",
        ],
        "You took half of A": [
            """
def quadratic_hessian(matrix):
    return 0.5 * np.asarray(matrix)
""",
            """
def quadratic_hessian(matrix):
    return jnp.stack([row / 2 for row in matrix])
""",
        ],
        "You multiplied A by its transpose": [
            """
def quadratic_hessian(matrix):
    return np.dot(matrix, np.transpose(matrix))
""",
            """
def quadratic_hessian(matrix):
    return jnp.einsum("ik,jk->ij", matrix, matrix)
""",
        ],
        "You returned A transposed": [
            """
def quadratic_hessian(matrix):
    return np.transpose(matrix)
""",
            """
def quadratic_hessian(matrix):
    return jnp.stack(list(matrix), axis=1)
""",
        ],
        "You subtracted the transpose": [
            """
def quadratic_hessian(matrix):
    return 0.5 * np.subtract(matrix, np.transpose(matrix))
""",
            """
def quadratic_hessian(matrix):
    d = len(matrix)
    return jnp.array([[(matrix[i, j] - matrix[j, i]) / 2 for j in range(d)] for i in range(d)])
""",
        ],
        "You mirrored one triangle": [
            """
def quadratic_hessian(matrix):
    upper = np.triu(matrix)
    return upper + upper.T - np.diag(np.diag(matrix))
""",
            """
def quadratic_hessian(matrix):
    d = len(matrix)
    return jnp.array([[matrix[min(i, j), max(i, j)] for j in range(d)] for i in range(d)])
""",
        ],
        "You mirrored the lower triangle of A": [
            """
def quadratic_hessian(matrix):
    low = np.tril(matrix)
    return low + low.T - np.diag(np.diag(matrix))
""",
            """
def quadratic_hessian(matrix):
    return jnp.array([[matrix[max(i, j), min(i, j)] for j in range(len(matrix))] for i in range(len(matrix))])
""",
        ],
        "You multiplied the transpose by A": [
            """
def quadratic_hessian(matrix):
    return np.transpose(matrix) @ np.asarray(matrix)
""",
            """
def quadratic_hessian(matrix):
    n = len(matrix)
    return jnp.array([[sum(matrix[k, i] * matrix[k, j] for k in range(n)) for j in range(n)] for i in range(n)])
""",
        ],
        "You halved only the transpose": [
            """
def quadratic_hessian(matrix):
    return np.asarray(matrix) + 0.5 * np.transpose(matrix)
""",
            """
def quadratic_hessian(matrix):
    n = len(matrix)
    return jnp.array([[matrix[i, j] + matrix[j, i] / 2 for j in range(n)] for i in range(n)])
""",
        ],
        "You kept only the diagonal": [
            """
def quadratic_hessian(matrix):
    return np.diag(np.diag(matrix))
""",
            """
def quadratic_hessian(matrix):
    return matrix * jnp.eye(len(matrix))
""",
        ],
    },
    "hessian_vector_product": {
        "You returned the gradient at the point": [
            """
def hessian_vector_product(function, point, vector):
    return np.asarray(jax.grad(function)(point))
""",
            """
def hessian_vector_product(function, point, vector):
    return jax.jvp(jax.grad(function), (point,), (vector,))[0]
""",
        ],
        "You returned gradient times vector": [
            """
def hessian_vector_product(function, point, vector):
    return np.dot(jax.grad(function)(point), vector)
""",
            """
def hessian_vector_product(function, point, vector):
    return jax.jvp(function, (point,), (vector,))[1]
""",
        ],
        "You returned v^T H v": [
            """
def hessian_vector_product(function, point, vector):
    return np.dot(vector, np.dot(jax.hessian(function)(point), vector))
""",
            """
def hessian_vector_product(function, point, vector):
    return jax.grad(jax.grad(lambda t: function(point + t * vector)))(0.0)
""",
        ],
        "You took the difference of gradients": [
            """
def hessian_vector_product(function, point, vector):
    slope = jax.grad(function)
    return np.subtract(slope(point + vector), slope(point))
""",
            """
def hessian_vector_product(function, point, vector):
    before, after = jax.vmap(jax.grad(function))(jnp.stack([point, point + vector]))
    return after - before
""",
        ],
        "You took only the diagonal": [
            """
def hessian_vector_product(function, point, vector):
    return np.diagonal(jax.hessian(function)(point)) * np.asarray(vector)
""",
            """
def hessian_vector_product(function, point, vector):
    units = jnp.eye(len(point))
    along = [jax.jvp(jax.grad(function), (point,), (unit,))[1] @ unit for unit in units]
    return jnp.stack(along) * vector
""",
        ],
        "You returned the whole result of `jax.jvp`": [
            """
def hessian_vector_product(function, point, vector):
    slope = jax.grad(function)
    return np.asarray(slope(point)), np.dot(jax.hessian(function)(point), vector)
""",
            """
def hessian_vector_product(function, point, vector):
    slope, product = jax.jvp(jax.grad(function), [point], [vector])
    return slope, product
""",
        ],
        "You multiplied gradient and vector entry": [
            """
def hessian_vector_product(function, point, vector):
    return np.multiply(jax.grad(function)(point), vector)
""",
            """
def hessian_vector_product(function, point, vector):
    return jnp.stack([g * v for g, v in zip(jax.grad(function)(point), vector)])
""",
        ],
        "You returned the whole Hessian": [
            """
def hessian_vector_product(function, point, vector):
    return np.asarray(jax.jacobian(jax.grad(function))(point))
""",
            """
def hessian_vector_product(function, point, vector):
    return jnp.stack([jax.jvp(jax.grad(function), (point,), (unit,))[1] for unit in jnp.eye(len(point))])
""",
        ],
        "You swapped point and vector": [
            """
def hessian_vector_product(function, point, vector):
    return np.dot(jax.hessian(function)(vector), point)
""",
            """
def hessian_vector_product(function, point, vector):
    return jax.grad(lambda x: jax.grad(function)(x) @ point)(vector)
""",
        ],
        "You took the Hessian at `vector`": [
            """
def hessian_vector_product(function, point, vector):
    return np.asarray(jax.hessian(function)(vector)) @ np.asarray(vector)
""",
            """
def hessian_vector_product(function, point, vector):
    return jax.jvp(jax.grad(function), (vector,), (vector,))[1]
""",
        ],
        "You took the gradient at x + v": [
            """
def hessian_vector_product(function, point, vector):
    return np.asarray(jax.grad(function)(np.add(point, vector)))
""",
            """
def hessian_vector_product(function, point, vector):
    return jax.grad(lambda v: function(point + v))(vector)
""",
        ],
        "You scaled v to length 1": [
            """
def hessian_vector_product(function, point, vector):
    h = np.asarray(jax.hessian(function)(point))
    return h @ vector / np.linalg.norm(vector)
""",
            """
def hessian_vector_product(function, point, vector):
    unit = vector / jnp.sqrt(sum(v**2 for v in vector))
    return jax.jvp(jax.grad(function), (point,), (unit,))[1]
""",
        ],
        "You solved a system with the Hessian, which is Newton's step": [
            """
def hessian_vector_product(function, point, vector):
    return np.linalg.solve(jax.hessian(function)(point), vector)
""",
            """
def hessian_vector_product(function, point, vector):
    return jnp.linalg.inv(jax.hessian(function)(point)) @ vector
""",
        ],
        "You added up each row of the Hessian before you multiplied": [
            """
def hessian_vector_product(function, point, vector):
    return np.sum(jax.hessian(function)(point), axis=0) * np.asarray(vector)
""",
            """
def hessian_vector_product(function, point, vector):
    return vector * jax.grad(lambda x: jax.grad(function)(x).sum())(point)
""",
        ],
    },
    "condition_number": {
        "You inverted the ratio": [
            """
def condition_number(hessian):
    sizes = np.sort(np.abs(np.linalg.eigvalsh(hessian)))
    return sizes[0] / sizes[-1]
""",
            """
def condition_number(hessian):
    return 1 / jnp.linalg.cond(hessian)
""",
        ],
        "Your ratio goes wrong for negative eigenvalues": [
            """
def condition_number(hessian):
    values = np.linalg.eigvalsh(hessian)
    return values.max() / values.min()
""",
            """
def condition_number(hessian):
    values = list(jnp.linalg.eigh(hessian)[0])
    return values[-1] / values[0]
""",
        ],
        "You used entries of the diagonal": [
            """
def condition_number(hessian):
    sizes = np.abs(np.diag(hessian))
    return np.max(sizes) / np.min(sizes)
""",
            """
def condition_number(hessian):
    sizes = [abs(hessian[i, i]) for i in range(len(hessian))]
    return max(sizes) / min(sizes)
""",
        ],
        "You used the entries of the matrix": [
            """
def condition_number(hessian):
    sizes = np.abs(hessian)
    return np.max(sizes) / np.min(sizes)
""",
            """
def condition_number(hessian):
    sizes = jnp.sort(jnp.abs(hessian).ravel())
    return sizes[-1] / sizes[0]
""",
        ],
        "You took the root of the ratio": [
            """
def condition_number(hessian):
    return np.sqrt(np.linalg.cond(hessian))
""",
            """
def condition_number(hessian):
    sizes = jnp.abs(jnp.linalg.eigvalsh(hessian))
    return (max(sizes) / min(sizes)) ** 0.5
""",
        ],
        "You returned the largest magnitude alone": [
            """
def condition_number(hessian):
    return np.max(np.abs(np.linalg.eigvalsh(hessian)))
""",
            """
def condition_number(hessian):
    return jnp.linalg.norm(hessian, 2)
""",
        ],
        "You took the last eigenvalue for": [
            """
def condition_number(hessian):
    values = np.linalg.eigvalsh(hessian)
    return abs(values.max() / values.min())
""",
            """
def condition_number(hessian):
    values = list(jnp.linalg.eigh(hessian)[0])
    return jnp.abs(values[-1]) / jnp.abs(values[0])
""",
        ],
        "You subtracted the smallest magnitude": [
            """
def condition_number(hessian):
    return np.ptp(np.abs(np.linalg.eigvalsh(hessian)))
""",
            """
def condition_number(hessian):
    sizes = jnp.linalg.svd(hessian, compute_uv=False)
    return sizes[0] - sizes[-1]
""",
        ],
        "You took the largest eigenvalue with its sign": [
            """
def condition_number(hessian):
    values = np.linalg.eigvalsh(hessian)
    return values[-1] / np.abs(values).min()
""",
            """
def condition_number(hessian):
    values = list(jnp.linalg.eigh(hessian)[0])
    return max(values) / min(abs(value) for value in values)
""",
        ],
        "You took the logarithm": [
            """
def condition_number(hessian):
    return np.log10(np.linalg.cond(hessian))
""",
            """
def condition_number(hessian):
    sizes = jnp.abs(jnp.linalg.eigvalsh(hessian))
    return jnp.log10(max(sizes)) - jnp.log10(min(sizes))
""",
        ],
        "You used the Frobenius norm": [
            """
def condition_number(hessian):
    return np.linalg.cond(np.asarray(hessian), 'fro')
""",
            """
def condition_number(hessian):
    values = jnp.linalg.eigvalsh(hessian)
    return jnp.sqrt(sum(v**2 for v in values) * sum(1 / v**2 for v in values))
""",
        ],
        "You used the norm 1 or infinity": [
            """
def condition_number(hessian):
    return np.linalg.cond(np.asarray(hessian), np.inf)
""",
            """
def condition_number(hessian):
    return max(jnp.abs(hessian).sum(axis=0)) * max(jnp.abs(jnp.linalg.inv(hessian)).sum(axis=0))
""",
        ],
    },
    "momentum_step": {
        "You moved with the old velocity": [
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    point, velocity, gradient = np.array(point), np.array(velocity), np.array(gradient)
    point = point - learning_rate * velocity
    velocity = decay * velocity + gradient
    return point, velocity
""",
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    moved = jnp.stack([p - learning_rate * v for p, v in zip(point, velocity)])
    return moved, jnp.stack([decay * v + g for v, g in zip(velocity, gradient)])
""",
        ],
        "You averaged": [
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    velocity = decay * np.array(velocity) + (1 - decay) * np.array(gradient)
    return np.array(point) - learning_rate * velocity, velocity
""",
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    velocity = gradient + decay * (velocity - gradient)
    return point - learning_rate * velocity, velocity
""",
        ],
        "You put the learning rate into the velocity": [
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    velocity = decay * np.array(velocity) + learning_rate * np.array(gradient)
    return np.array(point) - velocity, velocity
""",
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    step = jnp.stack([decay * v + learning_rate * g for v, g in zip(velocity, gradient)])
    return point - step, step
""",
        ],
        "You moved uphill": [
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    velocity = decay * np.array(velocity) + np.array(gradient)
    return np.array(point) + learning_rate * velocity, velocity
""",
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    velocity = jnp.stack([decay * v + g for v, g in zip(velocity, gradient)])
    return learning_rate * velocity + point, velocity
""",
        ],
        "Your point is Nesterov's": [
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    velocity = decay * np.array(velocity) + np.array(gradient)
    ahead = decay * velocity + np.array(gradient)
    return np.array(point) - learning_rate * ahead, velocity
""",
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    velocity = decay * velocity + gradient
    point = point - learning_rate * gradient
    return point - learning_rate * decay * velocity, velocity
""",
        ],
        "You returned the velocity first": [
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    velocity = decay * np.array(velocity) + np.array(gradient)
    return velocity, np.array(point) - learning_rate * velocity
""",
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    velocity = jnp.stack([decay * v + g for v, g in zip(velocity, gradient)])
    point = point - learning_rate * velocity
    return velocity, point
""",
        ],
        "Your velocity points downhill": [
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    velocity = decay * np.array(velocity) - learning_rate * np.array(gradient)
    return np.array(point) + velocity, velocity
""",
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    step = jnp.stack([decay * v - learning_rate * g for v, g in zip(velocity, gradient)])
    return step + point, step
""",
        ],
        "You multiplied the gradient by the decay": [
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    velocity = np.array(velocity) + decay * np.array(gradient)
    return np.array(point) - learning_rate * velocity, velocity
""",
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    velocity = jnp.stack([v + decay * g for v, g in zip(velocity, gradient)])
    return point - learning_rate * velocity, velocity
""",
        ],
        "Your velocity does not decay": [
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    velocity = np.add(velocity, gradient)
    return np.array(point) - learning_rate * velocity, velocity
""",
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    velocity = jnp.stack([v + g for v, g in zip(velocity, gradient)])
    return point - learning_rate * velocity, velocity
""",
        ],
        "Your point moved by the gradient alone": [
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    velocity = decay * np.array(velocity) + np.array(gradient)
    return np.array(point) - learning_rate * np.array(gradient), velocity
""",
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    velocity = jnp.stack([decay * v + g for v, g in zip(velocity, gradient)])
    return jnp.stack([p - learning_rate * g for p, g in zip(point, gradient)]), velocity
""",
        ],
        "You left out the learning rate": [
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    velocity = decay * np.array(velocity) + np.array(gradient)
    return np.array(point) - velocity, velocity
""",
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    step = jnp.stack([decay * v + g for v, g in zip(velocity, gradient)])
    return point - step, step
""",
        ],
        "Your velocity subtracts the gradient": [
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    velocity = decay * np.array(velocity) - np.array(gradient)
    return np.array(point) + learning_rate * velocity, velocity
""",
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    step = jnp.stack([decay * v - g for v, g in zip(velocity, gradient)])
    return point + learning_rate * step, step
""",
        ],
        "You multiplied by the learning rate twice": [
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    v = np.multiply(decay, velocity) + np.multiply(learning_rate, gradient)
    return np.asarray(point) - learning_rate * v, v
""",
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    v = jnp.stack([decay * a + learning_rate * g for a, g in zip(velocity, gradient)])
    return jnp.stack([x - learning_rate * b for x, b in zip(point, v)]), v
""",
        ],
        "You subtract the gradient twice, in the velocity and with it from the point": [
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    v = np.multiply(decay, velocity) - np.asarray(gradient)
    return np.asarray(point) - learning_rate * v, v
""",
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    v = jnp.stack([decay * a - g for a, g in zip(velocity, gradient)])
    return jnp.stack([x - learning_rate * b for x, b in zip(point, v)]), v
""",
        ],
        "You returned the old velocity": [
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    v = np.multiply(decay, velocity) + np.asarray(gradient)
    return np.asarray(point) - learning_rate * v, np.asarray(velocity)
""",
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    return jnp.stack([x - learning_rate * (decay * a + g) for x, a, g in zip(point, velocity, gradient)]), velocity
""",
        ],
        "You returned the velocity times the learning rate": [
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    move = learning_rate * (np.multiply(decay, velocity) + np.asarray(gradient))
    return np.asarray(point) - move, move
""",
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    moves = jnp.stack([learning_rate * decay * v + learning_rate * g for v, g in zip(velocity, gradient)])
    return point - moves, moves
""",
        ],
        "You swapped `learning_rate` and `decay`": [
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    v = np.multiply(learning_rate, velocity) + np.asarray(gradient)
    return np.asarray(point) - decay * v, v
""",
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    v = jnp.stack([learning_rate * a + g for a, g in zip(velocity, gradient)])
    return jnp.stack([x - decay * b for x, b in zip(point, v)]), v
""",
        ],
        "You multiplied the old velocity by 1 - decay": [
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    v = np.multiply(1 - decay, velocity) + np.asarray(gradient)
    return np.asarray(point) - learning_rate * v, v
""",
            """
def momentum_step(point, velocity, gradient, learning_rate, decay):
    v = jnp.stack([a - decay * a + g for a, g in zip(velocity, gradient)])
    return jnp.stack([x - learning_rate * b for x, b in zip(point, v)]), v
""",
        ],
    },
    "adam_step": {
        "You left out the correction": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    gradient = np.array(gradient)
    mean = b1 * np.array(mean) + (1 - b1) * gradient
    square = b2 * np.array(square) + (1 - b2) * gradient**2
    return np.array(point) - learning_rate * mean / (np.sqrt(square) + eps), mean, square
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean = mean + (1 - b1) * (gradient - mean)
    square = square + (1 - b2) * (gradient * gradient - square)
    return point - learning_rate * mean / (eps + square**0.5), mean, square
""",
        ],
        "You returned the corrected averages": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    gradient = np.array(gradient)
    mean = (b1 * np.array(mean) + (1 - b1) * gradient) / (1 - b1**step)
    square = (b2 * np.array(square) + (1 - b2) * gradient**2) / (1 - b2**step)
    return np.array(point) - learning_rate * mean / (np.sqrt(square) + eps), mean, square
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean = (mean + (1 - b1) * (gradient - mean)) / (1 - b1**step)
    square = (square + (1 - b2) * (gradient * gradient - square)) / (1 - b2**step)
    return point - learning_rate * mean / (eps + square**0.5), mean, square
""",
        ],
        "Your eps is under the root": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    gradient = np.array(gradient)
    mean = b1 * np.array(mean) + (1 - b1) * gradient
    square = b2 * np.array(square) + (1 - b2) * gradient**2
    m, s = mean / (1 - b1**step), square / (1 - b2**step)
    return np.array(point) - learning_rate * m / np.sqrt(s + eps), mean, square
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean = mean + (1 - b1) * (gradient - mean)
    square = square + (1 - b2) * (gradient * gradient - square)
    rate = learning_rate / (1 - b1**step)
    return point - rate * mean * jax.lax.rsqrt(eps + square / (1 - b2**step)), mean, square
""",
        ],
        "You forgot the root": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    gradient = np.array(gradient)
    mean = b1 * np.array(mean) + (1 - b1) * gradient
    square = b2 * np.array(square) + (1 - b2) * gradient**2
    m, s = mean / (1 - b1**step), square / (1 - b2**step)
    return np.array(point) - learning_rate * m / (s + eps), mean, square
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean = mean + (1 - b1) * (gradient - mean)
    square = square + (1 - b2) * (gradient * gradient - square)
    rate = learning_rate / (1 - b1**step)
    return point - rate * mean / (eps + square / (1 - b2**step)), mean, square
""",
        ],
        "You averaged the gradient's magnitude": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    gradient = np.array(gradient)
    mean = b1 * np.array(mean) + (1 - b1) * gradient
    square = b2 * np.array(square) + (1 - b2) * np.abs(gradient)
    m, s = mean / (1 - b1**step), square / (1 - b2**step)
    return np.array(point) - learning_rate * m / (np.sqrt(s) + eps), mean, square
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean = mean + (1 - b1) * (gradient - mean)
    square = square + (1 - b2) * (jnp.sqrt(gradient**2) - square)
    rate = learning_rate / (1 - b1**step)
    return point - rate * mean / (eps + jnp.sqrt(square / (1 - b2**step))), mean, square
""",
        ],
        "You added 1 to the step": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    gradient = np.array(gradient)
    mean = b1 * np.array(mean) + (1 - b1) * gradient
    square = b2 * np.array(square) + (1 - b2) * gradient**2
    m, s = mean / (1 - b1 ** (step + 1)), square / (1 - b2 ** (step + 1))
    return np.array(point) - learning_rate * m / (np.sqrt(s) + eps), mean, square
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    step = step + 1
    mean = mean + (1 - b1) * (gradient - mean)
    square = square + (1 - b2) * (gradient * gradient - square)
    rate = learning_rate / (1 - b1**step)
    return point - rate * mean / (eps + jnp.sqrt(square / (1 - b2**step))), mean, square
""",
        ],
        "You swapped b1 and b2": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    gradient = np.array(gradient)
    mean = b2 * np.array(mean) + (1 - b2) * gradient
    square = b1 * np.array(square) + (1 - b1) * gradient**2
    m, s = mean / (1 - b2**step), square / (1 - b1**step)
    return np.array(point) - learning_rate * m / (np.sqrt(s) + eps), mean, square
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b2, b1, eps):
    mean = mean + (1 - b1) * (gradient - mean)
    square = square + (1 - b2) * (gradient * gradient - square)
    rate = learning_rate / (1 - b1**step)
    return point - rate * mean / (eps + jnp.sqrt(square / (1 - b2**step))), mean, square
""",
        ],
        "You moved uphill": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    gradient = np.array(gradient)
    mean = b1 * np.array(mean) + (1 - b1) * gradient
    square = b2 * np.array(square) + (1 - b2) * gradient**2
    m, s = mean / (1 - b1**step), square / (1 - b2**step)
    return np.array(point) + learning_rate * m / (np.sqrt(s) + eps), mean, square
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean = mean + (1 - b1) * (gradient - mean)
    square = square + (1 - b2) * (gradient * gradient - square)
    rate = learning_rate / (1 - b1**step)
    return point + rate * mean / (eps + jnp.sqrt(square / (1 - b2**step))), mean, square
""",
        ],
        "You left out eps": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    gradient = np.array(gradient)
    mean = b1 * np.array(mean) + (1 - b1) * gradient
    square = b2 * np.array(square) + (1 - b2) * gradient**2
    m, s = mean / (1 - b1**step), square / (1 - b2**step)
    return np.array(point) - learning_rate * m / np.sqrt(s), mean, square
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean = mean + (1 - b1) * (gradient - mean)
    square = square + (1 - b2) * (gradient * gradient - square)
    rate = learning_rate * jnp.sqrt(1 - b2**step) / (1 - b1**step)
    return point - rate * mean / jnp.sqrt(square), mean, square
""",
        ],
        "You corrected the average of the gradient alone": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    gradient = np.array(gradient)
    mean = b1 * np.array(mean) + (1 - b1) * gradient
    square = b2 * np.array(square) + (1 - b2) * gradient**2
    return np.array(point) - learning_rate * mean / (1 - b1**step) / (np.sqrt(square) + eps), mean, square
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean = mean + (1 - b1) * (gradient - mean)
    square = square + (1 - b2) * (gradient * gradient - square)
    rate = learning_rate / (1 - b1**step)
    return point - rate * mean / (eps + square**0.5), mean, square
""",
        ],
        "You multiplied b1 and b2 by the step": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    gradient = np.array(gradient)
    mean = b1 * np.array(mean) + (1 - b1) * gradient
    square = b2 * np.array(square) + (1 - b2) * gradient**2
    m, s = mean / (1 - b1 * step), square / (1 - b2 * step)
    return np.array(point) - learning_rate * m / (np.sqrt(s) + eps), mean, square
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean = mean + (1 - b1) * (gradient - mean)
    square = square + (1 - b2) * (gradient * gradient - square)
    rate = learning_rate / (1 - step * b1)
    return point - rate * mean / (eps + jnp.sqrt(square / (1 - step * b2))), mean, square
""",
        ],
        "Your averages lack the factors": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    gradient = np.array(gradient)
    mean = b1 * np.array(mean) + gradient
    square = b2 * np.array(square) + gradient**2
    m, s = mean / (1 - b1**step), square / (1 - b2**step)
    return np.array(point) - learning_rate * m / (np.sqrt(s) + eps), mean, square
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean = gradient + b1 * mean
    square = gradient * gradient + b2 * square
    rate = learning_rate / (1 - b1**step)
    return point - rate * mean / (eps + jnp.sqrt(square / (1 - b2**step))), mean, square
""",
        ],
        "You divided the gradient itself": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    gradient = np.array(gradient)
    mean = b1 * np.array(mean) + (1 - b1) * gradient
    square = b2 * np.array(square) + (1 - b2) * gradient**2
    s = square / (1 - b2**step)
    return np.array(point) - learning_rate * gradient / (np.sqrt(s) + eps), mean, square
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean = mean + (1 - b1) * (gradient - mean)
    square = square + (1 - b2) * (gradient * gradient - square)
    return point - learning_rate * gradient / (eps + jnp.sqrt(square / (1 - b2**step))), mean, square
""",
        ],
        "You returned the averages in another order": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    gradient = np.array(gradient)
    mean = b1 * np.array(mean) + (1 - b1) * gradient
    square = b2 * np.array(square) + (1 - b2) * gradient**2
    m, s = mean / (1 - b1**step), square / (1 - b2**step)
    return np.array(point) - learning_rate * m / (np.sqrt(s) + eps), square, mean
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean = mean + (1 - b1) * (gradient - mean)
    square = square + (1 - b2) * (gradient * gradient - square)
    rate = learning_rate / (1 - b1**step)
    return point - rate * mean / (eps + jnp.sqrt(square / (1 - b2**step))), square, mean
""",
        ],
        "You swapped the weights of old and new": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    gradient = np.array(gradient)
    mean = (1 - b1) * np.array(mean) + b1 * gradient
    square = (1 - b2) * np.array(square) + b2 * gradient**2
    m, s = mean / (1 - b1**step), square / (1 - b2**step)
    return np.array(point) - learning_rate * m / (np.sqrt(s) + eps), mean, square
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean = mean + b1 * (gradient - mean)
    square = square + b2 * (gradient * gradient - square)
    rate = learning_rate / (1 - b1**step)
    return point - rate * mean / (eps + jnp.sqrt(square / (1 - b2**step))), mean, square
""",
        ],
        "You left out the learning rate": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    gradient = np.array(gradient)
    mean = b1 * np.array(mean) + (1 - b1) * gradient
    square = b2 * np.array(square) + (1 - b2) * gradient**2
    m, s = mean / (1 - b1**step), square / (1 - b2**step)
    return np.array(point) - m / (np.sqrt(s) + eps), mean, square
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean = mean + (1 - b1) * (gradient - mean)
    square = square + (1 - b2) * (gradient * gradient - square)
    root = jnp.sqrt(square / (1 - b2**step))
    return point - mean / (eps + root) / (1 - b1**step), mean, square
""",
        ],
        "You corrected the average of the squares alone": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    m = b1 * np.asarray(mean) + (1 - b1) * np.asarray(gradient)
    s = b2 * np.asarray(square) + (1 - b2) * np.asarray(gradient) ** 2
    return np.asarray(point) - learning_rate * m / (np.sqrt(s / (1 - b2**step)) + eps), m, s
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    out = []
    for x, m, s, g in zip(point, mean, square, gradient):
        m, s = b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * g**2
        out.append((x - learning_rate * m / ((s / (1 - b2**step)) ** 0.5 + eps), m, s))
    return tuple(jnp.stack(one) for one in zip(*out))
""",
        ],
        "Your correction ignores the step": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    m = b1 * np.asarray(mean) + (1 - b1) * np.asarray(gradient)
    s = b2 * np.asarray(square) + (1 - b2) * np.asarray(gradient) ** 2
    return np.asarray(point) - learning_rate * (m / (1 - b1)) / (np.sqrt(s / (1 - b2)) + eps), m, s
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    out = []
    for x, m, s, g in zip(point, mean, square, gradient):
        m, s = b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * g**2
        out.append((x - learning_rate * m / (1 - b1) / ((s / (1 - b2)) ** 0.5 + eps), m, s))
    return tuple(jnp.stack(one) for one in zip(*out))
""",
        ],
        "You added eps before the correction": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    m = b1 * np.asarray(mean) + (1 - b1) * np.asarray(gradient)
    s = b2 * np.asarray(square) + (1 - b2) * np.asarray(gradient) ** 2
    rate = learning_rate * np.sqrt(1 - b2**step) / (1 - b1**step)
    return np.asarray(point) - rate * m / (np.sqrt(s) + eps), m, s
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    out = []
    for x, m, s, g in zip(point, mean, square, gradient):
        m, s = b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * g**2
        root = (s**0.5 + eps) / (1 - b2**step) ** 0.5
        out.append((x - learning_rate * m / (1 - b1**step) / root, m, s))
    return tuple(jnp.stack(one) for one in zip(*out))
""",
        ],
        "You moved with the old averages": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, g = np.asarray(mean), np.asarray(square), np.asarray(gradient)
    move = learning_rate * mean / (1 - b1**step) / (np.sqrt(square / (1 - b2**step)) + eps)
    return np.asarray(point) - move, b1 * mean + (1 - b1) * g, b2 * square + (1 - b2) * g**2
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    out = []
    for x, m, s, g in zip(point, mean, square, gradient):
        new = x - learning_rate * m / (1 - b1**step) / ((s / (1 - b2**step)) ** 0.5 + eps)
        out.append((new, b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * g**2))
    return tuple(jnp.stack(one) for one in zip(*out))
""",
        ],
        "You added eps to the point": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    m = b1 * np.asarray(mean) + (1 - b1) * np.asarray(gradient)
    s = b2 * np.asarray(square) + (1 - b2) * np.asarray(gradient) ** 2
    return np.asarray(point) - learning_rate * m / (1 - b1**step) / np.sqrt(s / (1 - b2**step)) + eps, m, s
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    out = []
    for x, m, s, g in zip(point, mean, square, gradient):
        m, s = b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * g**2
        out.append((x - learning_rate * m / (1 - b1**step) / (s / (1 - b2**step)) ** 0.5 + eps, m, s))
    return tuple(jnp.stack(one) for one in zip(*out))
""",
        ],
        "You multiplied by the correction": [
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    m = b1 * np.asarray(mean) + (1 - b1) * np.asarray(gradient)
    s = b2 * np.asarray(square) + (1 - b2) * np.asarray(gradient) ** 2
    return np.asarray(point) - learning_rate * m * (1 - b1**step) / (np.sqrt(s * (1 - b2**step)) + eps), m, s
""",
            """
def adam_step(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    out = []
    for x, m, s, g in zip(point, mean, square, gradient):
        m, s = b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * g**2
        out.append((x - learning_rate * m * (1 - b1**step) / ((s * (1 - b2**step)) ** 0.5 + eps), m, s))
    return tuple(jnp.stack(one) for one in zip(*out))
""",
        ],
    },
    "classify": {
        "You looked at entries": [
            """
def classify(hessian, tol):
    values = np.diag(hessian)
    if (values > tol).any() and (values < -tol).any():
        return 1
    return 0 if (values > tol).all() else 2 if (values < -tol).all() else 3
""",
            """
def classify(hessian, tol):
    up, down = jnp.trace(jnp.where(hessian > tol, 1, 0)), jnp.trace(jnp.where(hessian < -tol, 1, 0))
    d = len(hessian)
    return jnp.where(up * down > 0, 1, jnp.where(up == d, 0, jnp.where(down == d, 2, 3)))
""",
        ],
        "A positive determinant does not imply a minimum": [
            """
def classify(hessian, tol):
    determinant = np.linalg.det(hessian)
    if determinant > tol:
        return 0
    return 1 if determinant < -tol else 3
""",
            """
def classify(hessian, tol):
    product = jnp.prod(jnp.linalg.eigvalsh(hessian))
    return jnp.where(jnp.abs(product) <= tol, 3, jnp.where(product > 0, 0, 1))
""",
        ],
        "You counted eigenvalues near 0 as positive": [
            """
def classify(hessian, tol):
    values = np.linalg.eigvalsh(hessian)
    if (values < -tol).all():
        return 2
    return 1 if (values < -tol).any() else 0
""",
            """
def classify(hessian, tol):
    down = jnp.sum(jnp.linalg.eigvalsh(hessian) < -tol)
    return jnp.where(down == 0, 0, jnp.where(down == len(hessian), 2, 1))
""",
        ],
        "You swapped minimum and maximum": [
            """
def classify(hessian, tol):
    values = np.linalg.eigvalsh(hessian)
    if values.max() > tol and values.min() < -tol:
        return 1
    return 2 if values.min() > tol else 0 if values.max() < -tol else 3
""",
            """
def classify(hessian, tol):
    values = jnp.linalg.eigvalsh(hessian)
    low, high = values[0], values[-1]
    undecided = jnp.where(high < -tol, 0, 3)
    return jnp.where((low < -tol) & (high > tol), 1, jnp.where(low > tol, 2, undecided))
""",
        ],
        "You returned the number of negative eigenvalues": [
            """
def classify(hessian, tol):
    return np.count_nonzero(np.linalg.eigvalsh(hessian) < -tol)
""",
            """
def classify(hessian, tol):
    return sum(jnp.where(value < -tol, 1, 0) for value in jnp.linalg.eigh(hessian)[0])
""",
        ],
        "You compared with 0": [
            """
def classify(hessian, tol):
    signs = np.sign(np.linalg.eigvalsh(hessian))
    if 1 in signs and -1 in signs:
        return 1
    return 0 if (signs == 1).all() else 2 if (signs == -1).all() else 3
""",
            """
def classify(hessian, tol):
    values = jnp.linalg.eigvalsh(hessian)
    low, high = values[0], values[-1]
    return jnp.where(low * high < 0, 1, jnp.where(low > 0, 0, jnp.where(high < 0, 2, 3)))
""",
        ],
        "An eigenvalue of exactly tol": [
            """
def classify(hessian, tol):
    values = np.linalg.eigvalsh(hessian)
    if values.max() >= tol and values.min() <= -tol:
        return 1
    return 0 if values.min() >= tol else 2 if values.max() <= -tol else 3
""",
            """
def classify(hessian, tol):
    values = jnp.linalg.eigvalsh(hessian)
    signs = jnp.where(jnp.abs(values) < tol, 0, jnp.sign(values))
    mixed = (signs.max() == 1) & (signs.min() == -1)
    return jnp.where(mixed, 1, jnp.where(signs.min() == 1, 0, jnp.where(signs.max() == -1, 2, 3)))
""",
        ],
        "You call a saddle with a flat direction undecided": [
            """
def classify(hessian, tol):
    values = np.linalg.eigvalsh(hessian)
    if (np.abs(values) <= tol).any():
        return 3
    return 0 if (values > 0).all() else 2 if (values < 0).all() else 1
""",
            """
def classify(hessian, tol):
    values = jnp.linalg.eigvalsh(hessian)
    up, down = jnp.sum(values > tol), jnp.sum(values < -tol)
    kind = jnp.where(down == 0, 0, jnp.where(up == 0, 2, 1))
    return jnp.where(up + down < len(values), 3, kind)
""",
        ],
        "You swapped the numbers of saddle and maximum": [
            """
def classify(hessian, tol):
    values = np.linalg.eigvalsh(hessian)
    if values.max() > tol and values.min() < -tol:
        return 2
    return 0 if values.min() > tol else 1 if values.max() < -tol else 3
""",
            """
def classify(hessian, tol):
    values = jnp.linalg.eigvalsh(hessian)
    low, high = values[0], values[-1]
    return jnp.where((low < -tol) & (high > tol), 2, jnp.where(low > tol, 0, jnp.where(high < -tol, 1, 3)))
""",
        ],
        "You call everything else a saddle": [
            """
def classify(hessian, tol):
    values = np.linalg.eigvalsh(hessian)
    return 0 if values.min() > tol else 2 if values.max() < -tol else 1
""",
            """
def classify(hessian, tol):
    values = jnp.linalg.eigvalsh(hessian)
    kind = jnp.where(values[0] > tol, 0, 1)
    return jnp.where(values[-1] < -tol, 2, kind)
""",
        ],
        "You let eigenvalues near 0": [
            """
def classify(hessian, tol):
    v = np.linalg.eigvalsh(hessian)
    return 0 if np.all(v > -tol) else 2 if np.all(v < tol) else 1
""",
            """
def classify(hessian, tol):
    v = jnp.linalg.eigvalsh(hessian)
    return jnp.where(v[0] > -tol, 0, jnp.where(v[-1] < tol, 2, 1))
""",
        ],
        "You decided by determinant and trace, which holds in two dimensions only": [
            """
def classify(hessian, tol):
    d = np.linalg.det(hessian)
    if abs(d) <= tol:
        return 3
    if d < 0:
        return 1
    return 0 if np.trace(hessian) > 0 else 2
""",
            """
def classify(hessian, tol):
    d = jnp.prod(jnp.linalg.eigvalsh(hessian))
    kind = jnp.where(sum(hessian[i, i] for i in range(len(hessian))) > 0, 0, 2)
    return jnp.select([d < -tol, d > tol], [1, kind], 3)
""",
        ],
        "You compared a product of eigenvalues with tol": [
            """
def classify(hessian, tol):
    v = np.linalg.eigvalsh(hessian)
    if v.min() * v.max() < -tol:
        return 1
    return 0 if v.min() > tol else 2 if v.max() < -tol else 3
""",
            """
def classify(hessian, tol):
    v = jnp.linalg.eigvalsh(hessian)
    return jnp.select([min(v) * max(v) < -tol, min(v) > tol, max(v) < -tol], [1, 0, 2], 3)
""",
        ],
        "You scaled tol by the largest eigenvalue": [
            """
def classify(hessian, tol):
    v = np.linalg.eigvalsh(hessian)
    v = v / np.abs(v).max()
    if v.max() > tol and v.min() < -tol:
        return 1
    return 0 if v.min() > tol else 2 if v.max() < -tol else 3
""",
            """
def classify(hessian, tol):
    v = jnp.linalg.eigvalsh(hessian)
    v = v / max(abs(v))
    return jnp.select([(v[0] < -tol) & (v[-1] > tol), v[0] > tol, v[-1] < -tol], [1, 0, 2], 3)
""",
        ],
        "You compared with tol in both directions": [
            """
def classify(hessian, tol):
    v = np.linalg.eigvalsh(hessian)
    if (v > tol).any() and (v < tol).any():
        return 1
    return 0 if (v > tol).all() else 2 if (v < tol).all() else 3
""",
            """
def classify(hessian, tol):
    v = jnp.linalg.eigvalsh(hessian)
    ups, downs = sum(v > tol), sum(v < tol)
    return jnp.select([(ups > 0) & (downs > 0), ups == len(v), downs == len(v)], [1, 0, 2], 3)
""",
        ],
    },
    "gd_trajectory": {
        "Your path lacks its start": [
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    points = np.zeros((n_steps, len(start)))
    for t in range(n_steps):
        start = start - learning_rate * jax.grad(function)(start)
        points[t] = start
    return points
""",
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    def step(point, _):
        point = point - learning_rate * jax.grad(function)(point)
        return point, point

    return jax.lax.scan(step, start, length=n_steps)[1]
""",
        ],
        "You returned the last point only": [
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    point = np.array(start)
    for _ in range(n_steps):
        point = point - learning_rate * np.array(jax.grad(function)(jnp.array(point)))
    return point
""",
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    return jax.lax.fori_loop(0, n_steps, lambda _, p: p - learning_rate * jax.grad(function)(p), start)
""",
        ],
        "You went uphill": [
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    points = [np.array(start)]
    for _ in range(n_steps):
        points.append(points[-1] + learning_rate * np.array(jax.grad(function)(jnp.array(points[-1]))))
    return np.array(points)
""",
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    def step(point, _):
        return point + learning_rate * jax.grad(function)(point), point

    last, points = jax.lax.scan(step, start, length=n_steps)
    return jnp.concatenate([points, last[None]])
""",
        ],
        "You took the gradient at the start in every step": [
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    slope = np.array(jax.grad(function)(start))
    points = [np.array(start)]
    for _ in range(n_steps):
        points.append(points[-1] - learning_rate * slope)
    return np.array(points)
""",
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    points = [start]
    for _ in range(n_steps):
        points.append(points[-1] - learning_rate * jax.grad(function)(start))
    return jnp.stack(points)
""",
        ],
        "You scaled the gradient to length 1": [
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    points = [np.array(start)]
    for _ in range(n_steps):
        slope = np.array(jax.grad(function)(jnp.array(points[-1])))
        points.append(points[-1] - learning_rate * slope / np.linalg.norm(slope))
    return np.array(points)
""",
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    def step(point, _):
        slope = jax.grad(function)(point)
        return point - learning_rate * slope / jnp.sqrt(slope @ slope), point

    last, points = jax.lax.scan(step, start, length=n_steps)
    return jnp.vstack([points, last])
""",
        ],
        "Your last point is missing": [
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    points = np.zeros((n_steps, len(start)))
    for t in range(n_steps):
        points[t] = start
        start = start - learning_rate * jax.grad(function)(start)
    return points
""",
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    def step(point, _):
        return point - learning_rate * jax.grad(function)(point), point

    return jax.lax.scan(step, start, length=n_steps)[1]
""",
        ],
        "You took one step too many": [
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    points = [np.array(start)]
    while len(points) <= n_steps + 1:
        points.append(points[-1] - learning_rate * np.array(jax.grad(function)(jnp.array(points[-1]))))
    return np.array(points)
""",
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    def step(point, _):
        return point - learning_rate * jax.grad(function)(point), point

    last, points = jax.lax.scan(step, start, length=n_steps + 1)
    return jnp.vstack([points, last])
""",
        ],
        "You left out the learning rate": [
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    points = [np.array(start)]
    for _ in range(n_steps):
        points.append(points[-1] - np.array(jax.grad(function)(jnp.array(points[-1]))))
    return np.array(points)
""",
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    def step(point, _):
        return point - jax.grad(function)(point), point

    last, points = jax.lax.scan(step, start, length=n_steps)
    return jnp.vstack([points, last])
""",
        ],
        "You returned the heights of the function": [
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    heights = [float(function(start))]
    for _ in range(n_steps):
        start = start - learning_rate * jax.grad(function)(start)
        heights.append(float(function(start)))
    return np.array(heights)
""",
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    def step(point, _):
        height, slope = jax.value_and_grad(function)(point)
        return point - learning_rate * slope, height

    return jax.lax.scan(step, start, length=n_steps + 1)[1]
""",
        ],
        "You subtracted every step from the start": [
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    points = np.tile(np.asarray(start), (n_steps + 1, 1))
    for t in range(n_steps):
        points[t + 1] = start - learning_rate * np.asarray(jax.grad(function)(points[t]))
    return points
""",
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    x = start
    rows = [x]
    for _ in range(n_steps):
        x = start - jax.grad(lambda z: learning_rate * function(z))(x)
        rows.append(x)
    return jnp.array(rows)
""",
        ],
        "Your steps are half as long as they should be": [
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    points = [np.asarray(start)]
    for _ in range(n_steps):
        points.append(points[-1] - 0.5 * learning_rate * np.asarray(jax.grad(function)(points[-1])))
    return np.stack(points)
""",
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    def step(x, _):
        new = x - learning_rate * jax.grad(lambda z: function(z) / 2)(x)
        return new, new

    return jnp.concatenate([start[None], jax.lax.scan(step, start, length=n_steps)[1]])
""",
        ],
        "You changed one coordinate after the other": [
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    x = np.array(start)
    points = [x.copy()]
    for _ in range(n_steps):
        for j in range(len(x)):
            x[j] -= learning_rate * jax.grad(function)(jnp.array(x))[j]
        points.append(x.copy())
    return np.array(points)
""",
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    x, points = start, [start]
    for _ in range(n_steps):
        for unit in jnp.eye(len(start)):
            x = x - learning_rate * unit * (jax.grad(function)(x) @ unit)
        points.append(x)
    return jnp.stack(points)
""",
        ],
        "Your rate falls from step to step": [
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    points = [np.asarray(start)]
    for t in range(1, n_steps + 1):
        points.append(points[-1] - learning_rate / t * np.asarray(jax.grad(function)(points[-1])))
    return np.stack(points)
""",
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    def step(x, t):
        new = x - learning_rate * jax.grad(function)(x) / t
        return new, new

    return jnp.concatenate([start[None], jax.lax.scan(step, start, jnp.arange(1.0, n_steps + 1))[1]])
""",
        ],
        "You added momentum": [
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    points, v = [np.asarray(start)], np.zeros(len(start))
    for _ in range(n_steps):
        v = 0.9 * v + np.asarray(jax.grad(function)(points[-1]))
        points.append(points[-1] - learning_rate * v)
    return np.stack(points)
""",
            """
def gd_trajectory(function, start, learning_rate, n_steps):
    x, v, points = start, 0 * start, [start]
    for _ in range(n_steps):
        v = 0.9 * v - learning_rate * jax.grad(function)(x)
        x = x + v
        points.append(x)
    return jnp.stack(points)
""",
        ],
    },
}
