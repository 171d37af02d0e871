// Functions of one number, and the derivatives that reverse mode takes. Errors are absolute: about 1e-7 of the size of the
// argument or of one, whichever is larger, as single precision has it.
#define FM_LOG2E 1.4426950408889634f
#define FM_LN2 0.6931471805599453f

FM_FUNCTION float fm_exp(float x) { return fm_ex2(x * FM_LOG2E); }
// NaN passes: what is lost is to be seen.
FM_FUNCTION float fm_leaky_relu(float x, float slope) { return x > 0.0f ? x : slope * x; }
FM_FUNCTION float fm_relu(float x) { return x < 0.0f ? 0.0f : x; }
FM_FUNCTION float fm_elu(float x, float alpha) { float e = fm_exp(x); return x > 0.0f ? x : fmaf(alpha, e, -alpha); }
FM_FUNCTION float fm_sigmoid(float x) { return fm_rcp(1.0f + fm_exp(-x)); }
FM_FUNCTION float fm_silu(float x) { return x * fm_sigmoid(x); }
FM_FUNCTION float fm_tanh(float x) {
  float y = 1.0f - 2.0f * fm_rcp(1.0f + fm_ex2(2.0f * FM_LOG2E * fabsf(x)));
  return copysignf(y, x);
}
FM_FUNCTION float fm_softplus(float x) {
  float positive = x < 0.0f ? 0.0f : x;
  return positive + FM_LN2 * fm_lg2(1.0f + fm_exp(-fabsf(x)));
}
FM_FUNCTION float fm_phi(float x) { return 0.5f + 0.5f * erff(0.7071067811865476f * x); }
FM_FUNCTION float fm_gelu(float x) { return x * fm_phi(x); }

// Sine and cosine. The angle is reduced in double precision, so that large ones keep their digits.
FM_FUNCTION void fm_sincos(double angle, float& sine, float& cosine) {
  double quarters = rint(angle * 0.6366197723675814);
  float x = (float)fma(quarters, -1.5707963267948966, angle), z = x * x;
  float s = fmaf(fmaf(fmaf(fmaf(2.7557319e-6f, z, -1.9841270e-4f), z, 8.3333333e-3f), z, -0.16666667f), z * x, x);
  float c = fmaf(fmaf(fmaf(fmaf(2.4801587e-5f, z, -1.3888889e-3f), z, 4.1666667e-2f), z, -0.5f), z, 1.0f);
  // Only the last two bits matter; a number that is not finite gives NaN by `x`.
  int q = (int)(long long)(quarters - 4.0 * floor(quarters * 0.25));
  float a = q & 1 ? c : s, b = q & 1 ? s : c;
  sine = q & 2 ? -a : a;
  cosine = (q + 1) & 2 ? -b : b;
}
FM_FUNCTION float fm_sin(float x) { float s, c; fm_sincos((double)x, s, c); return s; }
FM_FUNCTION float fm_cos(float x) { float s, c; fm_sincos((double)x, s, c); return c; }

// Derivatives: from the result `y` where that is enough, else from the argument `x`.
FM_FUNCTION float fm_d_relu(float y) { return y <= 0.0f ? 0.0f : 1.0f; }
FM_FUNCTION float fm_d_leaky_relu(float y, float slope) { return y > 0.0f ? 1.0f : slope; }
FM_FUNCTION float fm_d_elu_of_result(float y, float alpha) { return y > 0.0f ? 1.0f : y + alpha; }
FM_FUNCTION float fm_d_elu(float x, float alpha) { return x > 0.0f ? 1.0f : alpha * fm_exp(x); }
FM_FUNCTION float fm_d_gelu(float x) { return fm_phi(x) + x * 0.3989422804014327f * fm_exp(-0.5f * x * x); }
FM_FUNCTION float fm_d_silu(float x) { float s = fm_sigmoid(x); return s * (1.0f + x * (1.0f - s)); }
FM_FUNCTION float fm_d_tanh_of_result(float y) { return (1.0f - y) * (1.0f + y); }
FM_FUNCTION float fm_d_sigmoid_of_result(float y) { return y * (1.0f - y); }
FM_FUNCTION float fm_d_softplus_of_result(float y) { return 1.0f - fm_exp(-y); }
FM_FUNCTION float fm_d_softplus(float x) { return fm_sigmoid(x); }
