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

// The sum of `count` numbers, in every lane of a warp. Always the same order.
FM_FUNCTION double fm_warp_total(const double* of, int count) {
  double sum = 0.0;
  for (int i = threadIdx.x % 32; i < count; i += 32) sum += of[i];
#pragma unroll
  for (int m = 16; m > 0; m >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, m);
  return sum;
}

// Sines and cosines of a path in double precision, whose arguments are of size one: no table for large ones is dragged in.
FM_FUNCTION void fm_sincos64(double x, double& sine, double& cosine) {
  double quarters = rint(x * 0.6366197723675814);
  double a = fma(-quarters, 6.123233995736766e-17, fma(-quarters, 1.5707963267948966, x)), z = a * a;
  double s = 2.8114572543455206e-15, c = -1.5619206968586225e-16;
  const double sin_terms[7] = {-7.647163731819816e-13, 1.6059043836821613e-10, -2.505210838544172e-8, 2.7557319223985893e-6, -1.984126984126984e-4, 8.333333333333333e-3, -0.16666666666666666};
  const double cos_terms[9] = {4.779477332387385e-14, -1.1470745597729725e-11, 2.08767569878681e-9, -2.755731922398589e-7, 2.48015873015873e-5, -1.388888888888889e-3, 4.1666666666666664e-2, -0.5, 1.0};
#pragma unroll
  for (int k = 0; k < 7; k++) s = fma(s, z, sin_terms[k]);
#pragma unroll
  for (int k = 0; k < 9; k++) c = fma(c, z, cos_terms[k]);
  s = fma(s * z, a, a);
  int q = (int)(long long)(quarters - 4.0 * floor(quarters * 0.25));
  double first = q & 1 ? c : s, second = q & 1 ? s : c;
  sine = q & 2 ? -first : first;
  cosine = (q + 1) & 2 ? -second : second;
}
FM_FUNCTION double fm_sin64(double x) { double s, c; fm_sincos64(x, s, c); return s; }
FM_FUNCTION double fm_cos64(double x) { double s, c; fm_sincos64(x, s, c); return c; }
FM_FUNCTION double fm_tan64(double x) { double s, c; fm_sincos64(x, s, c); return s / c; }

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
FM_FUNCTION float fm_adam(float w, float g, float& m, float& v, fm_rates r, float beta1, float rest1, float beta2, float rest2, float eps, float l2) {
  g = g + l2 * w;
  float a = beta1 * m + rest1 * g, b = beta2 * v + rest2 * g * g;
  m = a;
  v = b;
  return w - (r.lr * (a * r.correction1) / (sqrtf(b * r.correction2) + eps) + r.decay * w);
}
// m = momentum m + g, w -= lr m; Nesterov's form takes g + momentum m.
FM_FUNCTION float fm_sgd(float w, float g, float& m, fm_rates r, float momentum, bool nesterov, float l2) {
  g = g + l2 * w;
  if (momentum == 0.0f) return w - r.lr * g;
  float a = momentum * m + g;
  m = a;
  return w - r.lr * (nesterov ? g + momentum * a : a);
}
