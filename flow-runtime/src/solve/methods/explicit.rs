//! Methods of orders one to four.

use crate::flow_model;

flow_model! {
    /// Euler's method, `x + h f(t, x)`.
    ///
    /// # Reference
    ///
    /// L. Euler (1768), *Institutionum calculi integralis*, volume I, §650.
    pub solver Euler {
        order: 1,
        tableau: {
            0 | ;
              | 1;
        }
    }

    /// The explicit midpoint method of Runge, with Euler's method embedded.
    ///
    /// # Reference
    ///
    /// C. Runge (1895), Ueber die numerische Auflösung von Differentialgleichungen, doi:10.1007/BF01446807
    pub solver Midpoint {
        order: 2,
        embedded: 1,
        tableau: {
            0   | ;
            1/2 | 1/2;
                | 0, 1;
                | 1, 0;
        }
    }

    /// Heun's second-order method (the explicit trapezoidal rule), with Euler's method embedded.
    ///
    /// # Reference
    ///
    /// C. Runge (1895), doi:10.1007/BF01446807; K. Heun (1900), Neue Methoden zur approximativen Integration der
    /// Differentialgleichungen einer unabhängigen Veränderlichen, *Z. Math. Phys.* 45, 23–38.
    pub solver Heun2 {
        order: 2,
        embedded: 1,
        tableau: {
            0 | ;
            1 | 1;
              | 1/2, 1/2;
              | 1,   0;
        }
    }

    /// Ralston's second-order method, which has the smallest bound on the local error, with Euler's method embedded.
    ///
    /// # Reference
    ///
    /// A. Ralston (1962), Runge–Kutta methods with minimum error bounds, doi:10.1090/S0025-5718-1962-0150954-0
    pub solver Ralston2 {
        order: 2,
        embedded: 1,
        tableau: {
            0   | ;
            2/3 | 2/3;
                | 1/4, 3/4;
                | 1,   0;
        }
    }

    /// Heun's third-order method.
    ///
    /// # Reference
    ///
    /// K. Heun (1900), *Z. Math. Phys.* 45, 23–38.
    pub solver Heun3 {
        order: 3,
        tableau: {
            0   | ;
            1/3 | 1/3;
            2/3 | 0,   2/3;
                | 1/4, 0,   3/4;
        }
    }

    /// Kutta's third-order method.
    ///
    /// # Reference
    ///
    /// W. Kutta (1901), Beitrag zur näherungsweisen Integration totaler Differentialgleichungen, *Z. Math. Phys.* 46,
    /// 435–453.
    pub solver Kutta3 {
        order: 3,
        tableau: {
            0   | ;
            1/2 | 1/2;
            1   | -1,  2;
                | 1/6, 2/3, 1/6;
        }
    }

    /// The optimal three-stage third-order strong-stability-preserving method of Shu and Osher.
    ///
    /// # Reference
    ///
    /// C.-W. Shu, S. Osher (1988), Efficient implementation of essentially non-oscillatory shock-capturing schemes,
    /// doi:10.1016/0021-9991(88)90177-5
    pub solver SspRk33 {
        order: 3,
        tableau: {
            0   | ;
            1   | 1;
            1/2 | 1/4, 1/4;
                | 1/6, 1/6, 2/3;
        }
    }

    /// The classical fourth-order method.
    ///
    /// # Reference
    ///
    /// W. Kutta (1901), *Z. Math. Phys.* 46, 435–453.
    pub solver Rk4 {
        order: 4,
        tableau: {
            0   | ;
            1/2 | 1/2;
            1/2 | 0,   1/2;
            1   | 0,   0,   1;
                | 1/6, 1/3, 1/3, 1/6;
        }
    }

    /// Kutta's 3/8 rule of fourth order.
    ///
    /// # Reference
    ///
    /// W. Kutta (1901), *Z. Math. Phys.* 46, 435–453.
    pub solver Rk4ThreeEighths {
        order: 4,
        tableau: {
            0   | ;
            1/3 | 1/3;
            2/3 | -1/3, 1;
            1   | 1,   -1,   1;
                | 1/8,  3/8, 3/8, 1/8;
        }
    }
}
