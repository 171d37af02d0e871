// Products of a tile on tensor cores. Factors are 16-bit numbers: rounded (PARTS = 1), or split into a high and a low half, of
// which three products are taken (PARTS = 3). The values of the tile stay in single precision; a warp makes 16 rows of some columns.
// Columns are S numbers apart with S % 32 = 4, so that the eight rows and four columns that a warp reads at once are in different banks.

// Two numbers as a pair of high halves, and of what is left.
template <int PARTS> FM_FUNCTION void fm_split(float a, float b, u32& hi, u32& lo) {
  hi = fm_pack_f16(a, b);
  if constexpr (PARTS == 3) {
    float x, y;
    fm_unpack_f16(hi, x, y);
    lo = fm_pack_f16(a - x, b - y);
  }
}

template <int PARTS> FM_FUNCTION void fm_mma_parts(float (&d)[4], const u32 (&ah)[4], const u32 (&al)[4], u32 bh0, u32 bh1, u32 bl0, u32 bl1) {
  if constexpr (PARTS == 3) {
    fm_mma_f16(d, al, bh0, bh1);
    fm_mma_f16(d, ah, bl0, bl1);
  }
  fm_mma_f16(d, ah, bh0, bh1);
}

// out = f(start + x w), as fm_product; w is in fragments: for every 16 of the depth and 16 columns a lane has four words of two tiles, the high
// halves first, then after all of them the low ones.
template <int TEAM, int R, int S, int LINES, int K, int N, int PARTS, int XL, int OL, int START, int SL, class F>
FM_FUNCTION void fm_product_mma(int me, const float* x, const float* w, const float* start, float* out, F f) {
  constexpr int KT = (K + 15) / 16, NT = (N + 15) / 16, GROUPS = LINES * (R / 16), WARPS = TEAM / 32;
  constexpr int SIDE = WARPS <= GROUPS ? 1 : WARPS / GROUPS < NT ? WARPS / GROUPS : NT;
  constexpr int FEW = (NT + SIDE - 1) / SIDE, OWN = FEW > 4 ? 4 : FEW, SIDES = (NT + OWN - 1) / OWN;
  const int lane = me % 32, g = lane / 4, t = lane % 4;
  const uint4* halves = (const uint4*)w;
#pragma unroll 1
  for (int unit = me / 32; unit < GROUPS * SIDES; unit += WARPS) {
    const int group = unit % GROUPS, r = group % (R / 16) * 16 + g, line = group / (R / 16), first = unit / GROUPS * OWN;
    float sum[OWN][2][4];
#pragma unroll
    for (int p = 0; p < OWN; p++)
#pragma unroll
      for (int h = 0; h < 2; h++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
          const int n = (first + p) * 16 + h * 8 + 2 * t + i % 2;
          float from = 0.0f;
          if (START != 0 && (N % 16 == 0 || n < N) && first + p < NT)
            from = START == 1 ? start[line * SL + n] : start[(line * SL + n) * S + r + 8 * (i / 2)];
          sum[p][h][i] = from;
        }
#pragma unroll 2
    for (int kt = 0; kt < KT; kt++) {
      u32 high[4], low[4] = {0u, 0u, 0u, 0u};
#pragma unroll
      for (int q = 0; q < 4; q++) {
        // q = 0, 1: rows g and g + 8 of columns 2t and 2t + 1; q = 2, 3: eight columns on.
        const int k = kt * 16 + (q / 2) * 8 + 2 * t;
        const float* from = x + (line * XL + k) * S + r + 8 * (q % 2);
        float a = K % 16 == 0 || k < K ? from[0] : 0.0f, b = K % 16 == 0 || k + 1 < K ? from[S] : 0.0f;
        fm_split<PARTS>(a, b, high[q], low[q]);
      }
#pragma unroll
      for (int p = 0; p < OWN; p++) {
        if (SIDES * OWN > NT && first + p >= NT) continue;
        const uint4 b = halves[(kt * NT + first + p) * 32 + lane];
        uint4 c = make_uint4(0u, 0u, 0u, 0u);
        if constexpr (PARTS == 3) c = halves[(KT * NT + kt * NT + first + p) * 32 + lane];
        fm_mma_parts<PARTS>(sum[p][0], high, low, b.x, b.y, c.x, c.y);
        fm_mma_parts<PARTS>(sum[p][1], high, low, b.z, b.w, c.z, c.w);
      }
    }
#pragma unroll
    for (int p = 0; p < OWN; p++)
#pragma unroll
      for (int h = 0; h < 2; h++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
          const int n = (first + p) * 16 + h * 8 + 2 * t + i % 2;
          if (first + p < NT && (N % 16 == 0 || n < N)) {
            const int row = r + 8 * (i / 2);
            float one[1] = {sum[p][h][i]};
            f(one, line, n, row);
            out[(line * OL + n) * S + row] = one[0];
          }
        }
  }
}

// How the warps of a team share out the gradient of a weight [O, I]: OWN tiles of 16 x 8 each.
template <int TEAM, int O, int I> struct fm_outer_shares {
  static constexpr int OT = (O + 15) / 16, IT = (I + 7) / 8, WARPS = TEAM / 32;
  static constexpr int SIDE = WARPS <= OT ? 1 : WARPS / OT < IT ? WARPS / OT : IT;
  static constexpr int FEW = (IT + SIDE - 1) / SIDE, OWN = FEW > 8 ? 8 : FEW, SIDES = (IT + OWN - 1) / OWN, COUNT = OT * SIDES;
};
// N is 2 where two neighbours may be written at once: with them at an even place, and an even width.
template <int TEAM, int O, int I, int N, class F> FM_FUNCTION void fm_outer_mma_places(int unit, int lane, F place) {
  using shares = fm_outer_shares<TEAM, O, I>;
  const int o = unit % shares::OT * 16 + lane / 4, tile = unit / shares::OT * shares::OWN;
#pragma unroll
  for (int p = 0; p < shares::OWN; p++)
#pragma unroll
    for (int q = 0; q < 4; q += N) {
      const int row = o + 8 * (q / 2), i = (tile + p) * 8 + 2 * (lane % 4) + q % 2;
      if ((O % 16 == 0 || row < O) && (I % (8 * shares::OWN) == 0 || i < I)) place(p * 4 + q, row * I + i);
    }
}

// Of dy[o] x[i], as fm_outer: the rows are the depth, and lie side by side for both factors.
template <int TEAM, int R, int S, int LINES, int O, int I, int PARTS, int YL, int XL, int N, bool HELD, class F>
FM_FUNCTION void fm_outer_mma(int me, const float* dy, const float* x, F put) {
  using shares = fm_outer_shares<TEAM, O, I>;
  constexpr int OWN = shares::OWN;
  const int lane = me % 32, g = lane / 4, t = lane % 4;
  fm_passes<TEAM / 32, shares::COUNT, HELD>(me / 32, [&](int pass, int unit) {
    const int o = unit % shares::OT * 16 + g, tile = unit / shares::OT * OWN;
    float sum[OWN][4];
#pragma unroll
    for (int p = 0; p < OWN; p++)
#pragma unroll
      for (int i = 0; i < 4; i++) sum[p][i] = 0.0f;
#pragma unroll 1
    for (int line = 0; line < LINES; line++)
#pragma unroll 2
      for (int rt = 0; rt < R; rt += 16) {
        u32 high[4], low[4] = {0u, 0u, 0u, 0u};
#pragma unroll
        for (int q = 0; q < 4; q++) {
          const int own = o + 8 * (q % 2);
          float2 v = make_float2(0.0f, 0.0f);
          if (O % 16 == 0 || own < O) v = *(const float2*)(dy + (line * YL + own) * S + rt + (q / 2) * 8 + 2 * t);
          fm_split<PARTS>(v.x, v.y, high[q], low[q]);
        }
#pragma unroll
        for (int p = 0; p < OWN; p++) {
          const int i = (tile + p) * 8 + g;
          u32 bh[2] = {0u, 0u}, bl[2] = {0u, 0u};
#pragma unroll
          for (int q = 0; q < 2; q++) {
            float2 v = make_float2(0.0f, 0.0f);
            if (I % (8 * OWN) == 0 || i < I) v = *(const float2*)(x + (line * XL + i) * S + rt + q * 8 + 2 * t);
            fm_split<PARTS>(v.x, v.y, bh[q], bl[q]);
          }
          fm_mma_parts<PARTS>(sum[p], high, low, bh[0], bh[1], bl[0], bl[1]);
        }
      }
    fm_outer_mma_places<TEAM, O, I, N>(unit, lane, [&](int k, int at) {
      float some[N];
#pragma unroll
      for (int i = 0; i < N; i++) some[i] = sum[k / 4][k % 4 + i];
      put(pass, k, at, some);
    });
  });
}

// A weight into its fragments: the high half, and LOW words on what is left.
template <int PARTS, int WIDE, int LOW> FM_FUNCTION void fm_store_half(float* packed, int k, int n, float w) {
  const int lane = n % 8 * 4 + k % 8 / 2, word = ((k / 16 * WIDE + n / 16) * 32 + lane) * 4 + n % 16 / 8 * 2 + k % 16 / 8;
  unsigned short* halves = (unsigned short*)packed;
  u32 high, low = 0u;
  fm_split<PARTS>(w, 0.0f, high, low);
  halves[2 * word + k % 2] = (unsigned short)high;
  if (PARTS == 3) halves[2 * (LOW + word) + k % 2] = (unsigned short)low;
}
