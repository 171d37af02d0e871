//! Implicit methods, for stiff and for conservative problems.

use crate::flow_model;

flow_model! {
    /// The implicit (backward) Euler method.
    ///
    /// # Reference
    ///
    /// C. F. Curtiss, J. O. Hirschfelder (1952), Integration of stiff equations, doi:10.1073/pnas.38.3.235
    pub solver ImplicitEuler {
        order: 1,
        tableau: {
            1 | 1;
              | 1;
        }
    }

    /// The implicit midpoint rule, the Gauss method with one stage: symplectic, and conserves quadratic invariants.
    ///
    /// # Reference
    ///
    /// J. C. Butcher (1964), Implicit Runge–Kutta processes, doi:10.1090/S0025-5718-1964-0159424-9
    pub solver ImplicitMidpoint {
        order: 2,
        tableau: {
            1/2 | 1/2;
                | 1;
        }
    }

    /// The trapezoidal rule (Crank and Nicolson), the Lobatto IIIA method with two stages.
    ///
    /// # Reference
    ///
    /// J. Crank, P. Nicolson (1947), A practical method for numerical evaluation of solutions of partial differential
    /// equations of the heat-conduction type, doi:10.1017/S0305004100023197
    pub solver Trapezoid {
        order: 2,
        tableau: {
            0 | ;
            1 | 1/2, 1/2;
              | 1/2, 1/2;
        }
    }

    /// Alexander's two-stage second-order singly diagonally implicit method.
    ///
    /// # Reference
    ///
    /// R. Alexander (1977), Diagonally implicit Runge–Kutta methods for stiff O.D.E.'s, doi:10.1137/0714068
    pub solver Sdirk2 {
        order: 2,
        tableau: {
            1 - sqrt(2)/2 | 1 - sqrt(2)/2;
            1             | sqrt(2)/2, 1 - sqrt(2)/2;
                          | sqrt(2)/2, 1 - sqrt(2)/2;
        }
    }

    /// The Gauss–Legendre method with two stages, of order four: symplectic.
    ///
    /// # Reference
    ///
    /// J. C. Butcher (1964), Implicit Runge–Kutta processes, doi:10.1090/S0025-5718-1964-0159424-9
    pub solver GaussLegendre4 {
        order: 4,
        tableau: {
            1/2 - sqrt(3)/6 | 1/4,             1/4 - sqrt(3)/6;
            1/2 + sqrt(3)/6 | 1/4 + sqrt(3)/6, 1/4;
                            | 1/2,             1/2;
        }
    }

    /// The Gauss–Legendre method with three stages, of order six: symplectic.
    ///
    /// # Reference
    ///
    /// J. C. Butcher (1964), Implicit Runge–Kutta processes, doi:10.1090/S0025-5718-1964-0159424-9
    pub solver GaussLegendre6 {
        order: 6,
        tableau: {
            1/2 - sqrt(15)/10 | 5/36,               2/9 - sqrt(15)/15, 5/36 - sqrt(15)/30;
            1/2               | 5/36 + sqrt(15)/24, 2/9,               5/36 - sqrt(15)/24;
            1/2 + sqrt(15)/10 | 5/36 + sqrt(15)/30, 2/9 + sqrt(15)/15, 5/36;
                              | 5/18,               4/9,               5/18;
        }
    }

    /// The Radau IIA method with two stages, of order three.
    ///
    /// # Reference
    ///
    /// B. L. Ehle (1969), On Padé approximations to the exponential function and A-stable methods for the numerical
    /// solution of initial value problems, Research Report CSRR 2010, University of Waterloo.
    pub solver RadauIIA3 {
        order: 3,
        tableau: {
            1/3 | 5/12, -1/12;
            1   | 3/4,  1/4;
                | 3/4,  1/4;
        }
    }

    /// The Radau IIA method with three stages, of order five.
    ///
    /// # Reference
    ///
    /// E. Hairer, G. Wanner (1999), Stiff differential equations solved by Radau methods,
    /// doi:10.1016/S0377-0427(99)00134-X
    pub solver RadauIIA5 {
        order: 5,
        tableau: {
            2/5 - sqrt(6)/10 | 11/45 - 7*sqrt(6)/360,     37/225 - 169*sqrt(6)/1800, -2/225 + sqrt(6)/75;
            2/5 + sqrt(6)/10 | 37/225 + 169*sqrt(6)/1800, 11/45 + 7*sqrt(6)/360,     -2/225 - sqrt(6)/75;
            1                | 4/9 - sqrt(6)/36,          4/9 + sqrt(6)/36,          1/9;
                             | 4/9 - sqrt(6)/36,          4/9 + sqrt(6)/36,          1/9;
        }
    }
}
