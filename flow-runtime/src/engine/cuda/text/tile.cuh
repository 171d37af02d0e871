// Steps over the rows of a tile. A team of TEAM threads (a warp, or the whole block) owns R rows; number `j` of row `r` of a value
// is at `value[j * S + r]` with S >= R, so that neighbouring rows are neighbours in memory. `me` is the thread's place in its team. Whoever
// calls puts `fm_team_sync` between steps; all threads of a team call each.

template <int TEAM> FM_FUNCTION void fm_team_sync() {
  if (TEAM == 32) __syncwarp();
  else __syncthreads();
}

// N numbers side by side, in one access where they are four.
template <int N> FM_FUNCTION void fm_read(float (&v)[N], const float* p) {
  if constexpr (N % 4 == 0) {
#pragma unroll
    for (int i = 0; i < N; i += 4) {
      float4 q = *(const float4*)(p + i);
      v[i] = q.x; v[i + 1] = q.y; v[i + 2] = q.z; v[i + 3] = q.w;
    }
  } else {
#pragma unroll
    for (int i = 0; i < N; i++) v[i] = p[i];
  }
}
// The same of rows of a tile, of which a thread has N in R: in fours that lie R / (N / 4) apart, so that the fours of threads side by side are
// side by side, in different banks. `fm_own_row<N, R>(i)` is the row of the i-th.
template <int N, int R> FM_FUNCTION constexpr int fm_own_row(int i) { return N % 4 == 0 ? i / 4 * (4 * R / N) + i % 4 : i; }
template <int N, int R> FM_FUNCTION void fm_read_rows(float (&v)[N], const float* p) {
  if constexpr (N % 4 == 0) {
#pragma unroll
    for (int i = 0; i < N; i += 4) {
      float4 q = *(const float4*)(p + fm_own_row<N, R>(i));
      v[i] = q.x; v[i + 1] = q.y; v[i + 2] = q.z; v[i + 3] = q.w;
    }
  } else fm_read<N>(v, p);
}
template <int N, int R> FM_FUNCTION void fm_write_rows(float* p, const float (&v)[N]) {
  if constexpr (N % 4 == 0) {
#pragma unroll
    for (int i = 0; i < N; i += 4) *(float4*)(p + fm_own_row<N, R>(i)) = make_float4(v[i], v[i + 1], v[i + 2], v[i + 3]);
  } else {
#pragma unroll
    for (int i = 0; i < N; i++) p[i] = v[i];
  }
}

// Calls `f(line, column, row)` for every number of LINES x WIDTH x R, each by one thread.
template <int TEAM, int R, int LINES, int WIDTH, class F> FM_FUNCTION void fm_each(int me, F f) {
#pragma unroll 1
  for (int i = me; i < LINES * WIDTH * R; i += TEAM) {
    int j = i / R;
    f(j / WIDTH, j % WIDTH, i % R);
  }
}

// Calls `f(line, row)` for every line of every row.
template <int TEAM, int R, int LINES, class F> FM_FUNCTION void fm_each_line(int me, F f) {
#pragma unroll 1
  for (int i = me; i < LINES * R; i += TEAM) f(i / R, i % R);
}

// What f of a product does with the rows of a column: s = f(s), and s *= f(y) where the same rows of y begin at `y`.
template <int N, class F> FM_FUNCTION void fm_map(float (&s)[N], F f) {
#pragma unroll
  for (int i = 0; i < N; i++) s[i] = f(s[i]);
}
template <int N, int R, class F> FM_FUNCTION void fm_times(float (&s)[N], const float* y, F f) {
  float own[N];
  fm_read_rows<N, R>(own, y);
#pragma unroll
  for (int i = 0; i < N; i++) s[i] *= f(own[i]);
}

// out = start + x w, on which f(rows of a column, line, column, first row) works before it is written: x is [LINES, K] and out
// [LINES, N] in R rows, w is [K][NP] with NP >= N, a thread makes TR rows x TC columns. XL and OL are the distances of lines; XR is R, or 0 where all rows share x. START is 0 (none), 1 (a row for all), 2 (a value with lines
// at SL, which may be out itself). Every number is one chain of fused multiply-adds, in the order of k.
template <int TEAM, int R, int S, int LINES, int K, int N, int NP, int TR, int TC, int XL, int XR, int OL, int START, int SL, class F>
FM_FUNCTION void fm_product(int me, const float* x, const float* w, const float* start, float* out, F f) {
  constexpr int TILES = (N + TC - 1) / TC, GROUPS = R / TR;
  // Little work for what is read: more of it at a time.
  constexpr int UNROLL = TR * TC >= 32 ? 4 : TR * TC >= 16 ? 8 : 16;
#pragma unroll 1
  for (int i = me; i < LINES * GROUPS * TILES; i += TEAM) {
    const int r = i % GROUPS * (TR % 4 == 0 ? 4 : TR), n = i / GROUPS % TILES * TC, line = i / (GROUPS * TILES);
    float sum[TC][TR];
#pragma unroll
    for (int c = 0; c < TC; c++) {
      if constexpr (START == 2) {
        if (N % TC == 0 || n + c < N) { fm_read_rows<TR, R>(sum[c], start + (line * SL + n + c) * S + r); continue; }
      }
      float first = START == 1 && (N % TC == 0 || n + c < N) ? start[line * SL + n + c] : 0.0f;
#pragma unroll
      for (int q = 0; q < TR; q++) sum[c][q] = first;
    }
#pragma unroll UNROLL
    for (int k = 0; k < K; k++) {
      float left[TR], right[TC];
      if constexpr (XR == 0) {
#pragma unroll
        for (int q = 0; q < TR; q++) left[q] = x[line * XL + k];
      } else {
        fm_read_rows<TR, R>(left, x + (line * XL + k) * S + r);
      }
      fm_read<TC>(right, w + k * NP + n);
#pragma unroll
      for (int c = 0; c < TC; c++)
#pragma unroll
        for (int q = 0; q < TR; q++) sum[c][q] = fmaf(left[q], right[c], sum[c][q]);
    }
#pragma unroll
    for (int c = 0; c < TC; c++) {
      if (N % TC == 0 || n + c < N) {
        f(sum[c], line, n + c, r);
        fm_write_rows<TR, R>(out + (line * OL + n + c) * S + r, sum[c]);
      }
    }
  }
}

// Sums of N neighbours to their places in the gradient of a block: as the first, in addition, or out of registers that held them.
template <int N> FM_FUNCTION void fm_put(float* to, const float (&sums)[N]) {
  if constexpr (N == 2) *(float2*)to = make_float2(sums[0], sums[1]);
  else to[0] = sums[0];
}
template <int N> FM_FUNCTION void fm_put_more(float* to, const float (&sums)[N], bool first) {
  if (first) return fm_put<N>(to, sums);
  if constexpr (N == 2) {
    const float2 old = *(const float2*)to;
    *(float2*)to = make_float2(old.x + sums[0], old.y + sums[1]);
  } else to[0] += sums[0];
}
template <int N, int M> FM_FUNCTION void fm_hold(float (&held)[M], int k, const float (&sums)[N]) {
#pragma unroll
  for (int i = 0; i < N; i++) held[k + i] += sums[i];
}
template <int N, int M> FM_FUNCTION void fm_put_held(float* to, const float (&held)[M], int k) {
  float sums[N];
#pragma unroll
  for (int i = 0; i < N; i++) sums[i] = held[k + i];
  fm_put<N>(to, sums);
}

// Where the TO x TI numbers are that thread t has of the gradient of a weight [O, I]: columns are IT apart, so that threads side by side
// have neighbouring ones.
template <int O, int I, int TO, int TI, class F> FM_FUNCTION void fm_outer_places(int t, F place) {
  constexpr int IT = (I + TI - 1) / TI;
  const int i = t % IT, o = t / IT * TO;
#pragma unroll
  for (int a = 0; a < TO; a++)
#pragma unroll
    for (int b = 0; b < TI; b++)
      if ((O % TO == 0 || o + a < O) && (I % TI == 0 || i + b * IT < I)) place(a * TI + b, (o + a) * I + i + b * IT);
}

// Calls f(pass, place in the order of all passes) for COUNT places that a team shares out.
template <int TEAM, int COUNT, bool HELD, class F> FM_FUNCTION void fm_passes(int me, F f) {
  constexpr int PASSES = (COUNT + TEAM - 1) / TEAM, UNROLL = HELD ? PASSES : 1;
#pragma unroll UNROLL
  for (int p = 0; p < PASSES; p++)
    if (COUNT % TEAM == 0 || me + p * TEAM < COUNT) f(p, me + p * TEAM);
}

// Sums over the rows of a tile, which a thread has some of: in every pass `p` of the team the numbers from `k` on, as many as `sums` has,
// which belong at place `at` of the gradient and after it. `put(p, k, at, sums)` takes them. HELD unrolls the passes, so that they may stay
// in registers from tile to tile.

// Of dy[o] x[i], over lines and rows; a thread makes TO x TI of them. Rows are taken in a turn that depends on the thread, so that
// threads side by side read from different banks; the order of a sum is its own, whatever else runs.
template <int TEAM, int R, int S, int LINES, int O, int I, int TO, int TI, int YL, int XL, bool HELD, class F>
FM_FUNCTION void fm_outer(int me, const float* dy, const float* x, F put) {
  constexpr int OT = (O + TO - 1) / TO, IT = (I + TI - 1) / TI, STEP = R % 4 == 0 ? 4 : 1;
  fm_passes<TEAM, OT * IT, HELD>(me, [&](int p, int t) {
    const int i = t % IT, o = t / IT * TO;
    float sum[TO * TI];
#pragma unroll
    for (int k = 0; k < TO * TI; k++) sum[k] = 0.0f;
#pragma unroll 1
    for (int line = 0; line < LINES; line++) {
#pragma unroll 2
      for (int turn = 0; turn < R; turn += STEP) {
        const int r = (turn + t * (S < 32 ? S : 32) / 32 * STEP) % R;
        float left[TO][STEP], right[TI][STEP];
#pragma unroll
        for (int a = 0; a < TO; a++) fm_read<STEP>(left[a], dy + (line * YL + (O % TO == 0 || o + a < O ? o + a : O - 1)) * S + r);
#pragma unroll
        for (int b = 0; b < TI; b++) fm_read<STEP>(right[b], x + (line * XL + (I % TI == 0 || i + b * IT < I ? i + b * IT : I - 1)) * S + r);
#pragma unroll
        for (int a = 0; a < TO; a++)
#pragma unroll
          for (int b = 0; b < TI; b++)
#pragma unroll
            for (int s = 0; s < STEP; s++) sum[a * TI + b] = fmaf(left[a][s], right[b][s], sum[a * TI + b]);
      }
    }
    fm_outer_places<O, I, TO, TI>(t, [&](int k, int at) {
      const float one[1] = {sum[k]};
      put(p, k, at, one);
    });
  });
}

// Of x[j], over lines and rows. SPREAD threads side by side share a column, four rows in turn each.
template <int TEAM, int WIDTH, int R> FM_FUNCTION constexpr int fm_spread() {
  int spread = 1;
  while (spread < 32 && 2 * spread * WIDTH <= TEAM && 8 * spread <= R) spread *= 2;
  return spread;
}
template <int TEAM, int R, int S, int LINES, int WIDTH, int XL, bool HELD, class F> FM_FUNCTION void fm_sum(int me, const float* x, F put) {
  constexpr int SPREAD = fm_spread<TEAM, WIDTH, R>(), STEP = R % 4 == 0 ? 4 : 1;
  constexpr int PASSES = (WIDTH * SPREAD + TEAM - 1) / TEAM, UNROLL = HELD ? PASSES : 1;
#pragma unroll UNROLL
  for (int p = 0; p < PASSES; p++) {
    // Threads past the last column come along, for the others read theirs.
    const int share = (me + p * TEAM) / SPREAD, j = share < WIDTH ? share : WIDTH - 1, part = me % SPREAD;
    float sum = 0.0f;
#pragma unroll 1
    for (int line = 0; line < LINES; line++) {
#pragma unroll 4
      for (int turn = part * STEP; turn < R; turn += SPREAD * STEP) {
        float some[STEP];
        fm_read<STEP>(some, x + (line * XL + j) * S + (turn + share * (S < 32 ? S : 32) / 32 * SPREAD * STEP) % R);
#pragma unroll
        for (int i = 0; i < STEP; i++) sum += some[i];
      }
    }
#pragma unroll
    for (int by = SPREAD / 2; by > 0; by >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, by);
    const float one[1] = {sum};
    if (share < WIDTH && part == 0) put(p, 0, j, one);
  }
}

// to[label * WIDTH + j] += dy[j], row after row; a column is one thread's. Rows beyond `rows` belong to nobody.
template <int TEAM, int R, int S, int WIDTH, int CLASSES>
FM_FUNCTION void fm_scatter(int me, const int* labels, const float* dy, float* to, bool first, int rows) {
#pragma unroll 1
  for (int j = me; j < WIDTH; j += TEAM) {
    if (first)
      for (int c = 0; c < CLASSES; c++) to[c * WIDTH + j] = 0.0f;
#pragma unroll 1
    for (int r = 0; r < R && r < rows; r++) to[labels[r] * WIDTH + j] += dy[j * S + r];
  }
}

// y = softmax(x) over a line of WIDTH numbers, D apart; the largest is taken off first.
template <int WIDTH, int D, class X, class Y> FM_FUNCTION void fm_softmax(X x, Y y) {
  float most = x(0);
#pragma unroll 4
  for (int j = 1; j < WIDTH; j++) most = fmaxf(most, x(j));
  float sum = 0.0f;
#pragma unroll 4
  for (int j = 0; j < WIDTH; j++) {
    float e = fm_exp(x(j) - most);
    y(j) = e;
    sum += e;
  }
  float share = 1.0f / sum;
#pragma unroll 4
  for (int j = 0; j < WIDTH; j++) y(j) *= share;
}

// out = y (dy - sum dy y).
template <int WIDTH, class Y, class D, class O> FM_FUNCTION void fm_softmax_pullback(Y y, D dy, O out) {
  float dot = 0.0f;
#pragma unroll 4
  for (int j = 0; j < WIDTH; j++) dot = fmaf(dy(j), y(j), dot);
#pragma unroll 4
  for (int j = 0; j < WIDTH; j++) out(j) = y(j) * (dy(j) - dot);
}

// The mean (zero unless CENTRED) and 1 / sqrt(mean square + eps).
template <int WIDTH, bool CENTRED, class X> FM_FUNCTION void fm_moments(X x, float eps, float& mean, float& scale) {
  mean = 0.0f;
  if (CENTRED) {
#pragma unroll 4
    for (int j = 0; j < WIDTH; j++) mean += x(j);
    mean *= 1.0f / WIDTH;
  }
  float square = 0.0f;
#pragma unroll 4
  for (int j = 0; j < WIDTH; j++) {
    float d = x(j) - mean;
    square = fmaf(d, d, square);
  }
  scale = 1.0f / sqrtf(square * (1.0f / WIDTH) + eps);
}

// out = (x - mean) scale weight + bias; a null pointer stands for ones or zeros.
template <int WIDTH, bool CENTRED, class X, class O>
FM_FUNCTION void fm_norm(X x, float eps, const float* weight, const float* bias, O out) {
  float mean, scale;
  fm_moments<WIDTH, CENTRED>(x, eps, mean, scale);
#pragma unroll 4
  for (int j = 0; j < WIDTH; j++) {
    float n = (x(j) - mean) * scale;
    out(j) = fmaf(n, weight ? weight[j] : 1.0f, bias ? bias[j] : 0.0f);
  }
}

// With n = (x - mean) scale and g = dy weight: scale (g - mean(g) - n mean(g n)); without the middle term unless CENTRED.
template <int WIDTH, bool CENTRED, class X, class D, class O>
FM_FUNCTION void fm_norm_pullback(X x, D dy, float eps, const float* weight, O out) {
  float mean, scale, sum = 0.0f, dot = 0.0f;
  fm_moments<WIDTH, CENTRED>(x, eps, mean, scale);
#pragma unroll 4
  for (int j = 0; j < WIDTH; j++) {
    float g = dy(j) * weight[j];
    sum += g;
    dot = fmaf(g, (x(j) - mean) * scale, dot);
  }
  sum = CENTRED ? sum * (1.0f / WIDTH) : 0.0f;
  dot *= 1.0f / WIDTH;
#pragma unroll 4
  for (int j = 0; j < WIDTH; j++) {
    float n = (x(j) - mean) * scale;
    out(j) = scale * (dy(j) * weight[j] - sum - n * dot);
  }
}
