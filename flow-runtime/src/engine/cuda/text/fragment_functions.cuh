// ---- activations: what is not positive takes the lower branch, and so does NaN, which stays
FM_FUNCTION float fm_leaky_relu_of(float x, float slope) { return x > 0.0f ? x : slope * x; }
FM_FUNCTION float fm_elu_of(float x, float alpha) {
  const float low = fmaf(fm_ex2(FM_L2E * x), alpha, -alpha);
  return x > 0.0f ? x : low;
}
// log2(e) elu(x) from log2(e) x; alpha is times log2(e) too.
FM_FUNCTION float fm_elu_scaled_of(float x, float alpha) {
  const float low = fmaf(fm_ex2(x), alpha, -alpha);
  return x > 0.0f ? x : low;
}
FM_FUNCTION float fm_sigmoid_of(float x) {
#if FM_SPLIT
  return fm_rcp(1.0f + fm_ex2(-FM_L2E * x));
#else
  return fmaf(fm_tanh_approx(0.5f * x), 0.5f, 0.5f);
#endif
}
FM_FUNCTION float fm_silu_of(float x) {
#if FM_SPLIT
  return x * fm_sigmoid_of(x);
#else
  const float half = 0.5f * x;
  return fmaf(half, fm_tanh_approx(half), half);
#endif
}
FM_FUNCTION float fm_tanh_of(float x) {
#if FM_SPLIT
  return fmaf(-2.0f, fm_rcp(1.0f + fm_ex2(2.0f * FM_L2E * x)), 1.0f);
#else
  return fm_tanh_approx(x);
#endif
}
// x times the normal distribution, whose tail is Abramowitz and Stegun 7.1.26, within 1e-7.
FM_FUNCTION float fm_gelu_of(float x) {
  const float y = 0.7071067811865476f * fabsf(x), t = fm_rcp(fmaf(0.3275911f, y, 1.0f));
  float tail = fmaf(t, fmaf(t, fmaf(t, fmaf(t, 1.061405429f, -1.453152027f), 1.421413741f), -0.284496736f), 0.254829592f);
  tail = 0.5f * t * tail * fm_ex2(-FM_L2E * y * y);
  return x * (x > 0.0f ? 1.0f - tail : tail);
}
// max(x, 0) + log(1 + exp(-|x|))
FM_FUNCTION float fm_softplus_of(float x) {
  const float low = 0.6931471805599453f * fm_lg2(1.0f + fm_ex2(-FM_L2E * fabsf(x)));
  return x > 0.0f ? x + low : (x == x ? low : x);
}
// The argument less the nearest multiple of pi, in three parts, and a polynomial.
FM_FUNCTION float fm_sin_of(float x) {
  const float turns = fmaf(x, 0.31830988618379067f, 12582912.0f), k = turns - 12582912.0f;
  float r = fmaf(k, -3.140625f, x);
  r = fmaf(k, -9.67502593994140625e-4f, r);
  r = fmaf(k, -1.509957990978376432e-7f, r);
  const float s = r * r;
  float y = fmaf(s, 2.6083159809786593541503e-6f, -1.981069071916863322258e-4f);
  y = fmaf(s, y, 8.333078585565090179443e-3f);
  y = fmaf(s, y, -1.6666659712791442871094e-1f);
  y = fmaf(s * r, y, r);
  return __uint_as_float(__float_as_uint(y) ^ (__float_as_uint(turns) << 31));
}
FM_FUNCTION Chunk fm_relu(const Chunk& x) { FM_EACH(x.v[m][i][j] < 0.0f ? 0.0f : x.v[m][i][j]); }
FM_FUNCTION Chunk fm_leaky_relu(const Chunk& x, float slope) { FM_EACH(fm_leaky_relu_of(x.v[m][i][j], slope)); }
FM_FUNCTION Chunk fm_elu(const Chunk& x, float alpha) { FM_EACH(fm_elu_of(x.v[m][i][j], alpha)); }
FM_FUNCTION Chunk fm_elu_scaled(const Chunk& x, float alpha) { FM_EACH(fm_elu_scaled_of(x.v[m][i][j], alpha)); }
FM_FUNCTION Chunk fm_gelu(const Chunk& x) { FM_EACH(fm_gelu_of(x.v[m][i][j])); }
FM_FUNCTION Chunk fm_silu(const Chunk& x) { FM_EACH(fm_silu_of(x.v[m][i][j])); }
FM_FUNCTION Chunk fm_tanh(const Chunk& x) { FM_EACH(fm_tanh_of(x.v[m][i][j])); }
FM_FUNCTION Chunk fm_sigmoid(const Chunk& x) { FM_EACH(fm_sigmoid_of(x.v[m][i][j])); }
FM_FUNCTION Chunk fm_softplus(const Chunk& x) { FM_EACH(fm_softplus_of(x.v[m][i][j])); }
FM_FUNCTION Chunk fm_sin(const Chunk& x) { FM_EACH(fm_sin_of(x.v[m][i][j])); }
