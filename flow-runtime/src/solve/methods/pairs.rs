//! Embedded pairs of orders three to five.

use crate::flow_model;

flow_model! {
    /// Bogacki and Shampine's third-order method with a second-order error estimate.
    ///
    /// # Reference
    ///
    /// P. Bogacki, L. F. Shampine (1989), A 3(2) pair of Runge–Kutta formulas, doi:10.1016/0893-9659(89)90079-7
    pub solver BogackiShampine32 {
        order: 3,
        embedded: 2,
        tableau: {
            0   | ;
            1/2 | 1/2;
            3/4 | 0,    3/4;
            1   | 2/9,  1/3, 4/9;
                | 2/9,  1/3, 4/9, 0;
                | 7/24, 1/4, 1/3, 1/8;
        }
    }

    /// Fehlberg's pair of orders 4 and 5; the fifth-order result is propagated.
    ///
    /// # Reference
    ///
    /// E. Fehlberg (1969), Low-order classical Runge–Kutta formulas with stepsize control and their application to some
    /// heat transfer problems, NASA TR R-315.
    pub solver Fehlberg45 {
        order: 5,
        embedded: 4,
        tableau: {
            0     | ;
            1/4   | 1/4;
            3/8   | 3/32,      9/32;
            12/13 | 1932/2197, -7200/2197, 7296/2197;
            1     | 439/216,   -8,         3680/513,   -845/4104;
            1/2   | -8/27,     2,          -3544/2565, 1859/4104,   -11/40;
                  | 16/135,    0,          6656/12825, 28561/56430, -9/50, 2/55;
                  | 25/216,    0,          1408/2565,  2197/4104,   -1/5,  0;
        }
    }

    /// The fifth-order member of Cash and Karp's family, with its fourth-order error estimate.
    ///
    /// # Reference
    ///
    /// J. R. Cash, A. H. Karp (1990), A variable order Runge–Kutta method for initial value problems with rapidly
    /// varying right-hand sides, doi:10.1145/79505.79507
    pub solver CashKarp54 {
        order: 5,
        embedded: 4,
        tableau: {
            0    | ;
            1/5  | 1/5;
            3/10 | 3/40,       9/40;
            3/5  | 3/10,       -9/10,   6/5;
            1    | -11/54,     5/2,     -70/27,      35/27;
            7/8  | 1631/55296, 175/512, 575/13824,   44275/110592, 253/4096;
                 | 37/378,     0,       250/621,     125/594,      0,         512/1771;
                 | 2825/27648, 0,       18575/48384, 13525/55296,  277/14336, 1/4;
        }
    }

    /// Dormand and Prince's fifth-order method with a fourth-order error estimate.
    ///
    /// # Reference
    ///
    /// J. R. Dormand, P. J. Prince (1980), A family of embedded Runge–Kutta formulae,
    /// doi:10.1016/0771-050X(80)90013-3
    pub solver DormandPrince54 {
        order: 5,
        embedded: 4,
        tableau: {
            0    | ;
            1/5  | 1/5;
            3/10 | 3/40,       9/40;
            4/5  | 44/45,      -56/15,      32/9;
            8/9  | 19372/6561, -25360/2187, 64448/6561, -212/729;
            1    | 9017/3168,  -355/33,     46732/5247, 49/176,  -5103/18656;
            1    | 35/384,     0,           500/1113,   125/192, -2187/6784,    11/84;
                 | 35/384,     0,           500/1113,   125/192, -2187/6784,    11/84,    0;
                 | 5179/57600, 0,           7571/16695, 393/640, -92097/339200, 187/2100, 1/40;
        }
    }
}
