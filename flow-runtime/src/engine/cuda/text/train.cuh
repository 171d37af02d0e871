// Parts of a training kernel that do not depend on the model.

// The sum over all threads of a block, in thread 0; `room` has a number for every warp. Always the same order.
template <int THREADS> FM_FUNCTION double fm_block_sum(double x, double* room) {
#pragma unroll
  for (int m = 16; m > 0; m >>= 1) x += __shfl_down_sync(0xffffffffu, x, m);
  if (threadIdx.x % 32 == 0) room[threadIdx.x / 32] = x;
  __syncthreads();
  double sum = 0.0;
  if (threadIdx.x == 0)
    for (int i = 0; i < THREADS / 32; i++) sum += room[i];
  __syncthreads();
  return sum;
}

// Losses of one coordinate, d = v - u, and their derivatives.
FM_FUNCTION double fm_mse(double d) { return d * d; }
FM_FUNCTION double fm_d_mse(double d) { return 2.0 * d; }
FM_FUNCTION double fm_l1(double d) { return fabs(d); }
FM_FUNCTION double fm_d_l1(double d) { return d == 0.0 ? 0.0 : copysign(1.0, d) + 0.0 * d; }
FM_FUNCTION double fm_huber(double d, double delta) { double a = fabs(d); return a > delta ? delta * (a - delta / 2.0) : d * d / 2.0; }
FM_FUNCTION double fm_d_huber(double d, double delta) { return fabs(d) > delta ? copysign(delta, d) : d; }

// What a step of an optimiser needs besides its constants.
struct fm_rates { float lr, correction1, correction2, follow, decay; };

// m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g g, w -= lr m' / (sqrt(v') + eps) + decay w; g has l2 w added.
FM_FUNCTION float fm_adam(float w, float g, float* m, float* v, fm_rates r, float beta1, float rest1, float beta2, float rest2, float eps, float l2) {
  g = g + l2 * w;
  float a = beta1 * *m + rest1 * g, b = beta2 * *v + rest2 * g * g;
  *m = a;
  *v = b;
  return w - (r.lr * (a * r.correction1) / (sqrtf(b * r.correction2) + eps) + r.decay * w);
}
// m = momentum m + g, w -= lr m; Nesterov's form takes g + momentum m.
FM_FUNCTION float fm_sgd(float w, float g, float* m, fm_rates r, float momentum, bool nesterov, float l2) {
  g = g + l2 * w;
  if (momentum == 0.0f) return w - r.lr * g;
  float a = momentum * *m + g;
  *m = a;
  return w - r.lr * (nesterov ? g + momentum * a : a);
}
