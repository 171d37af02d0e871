use flow_runtime::flow_model;

flow_model! {
    model Moons(x: [2], t: Time) -> [2] {
        let h = elu(liner(concat(x, t), 64));
        let g = linear(concat(x, sinusoidal(t, 31)), 64);
        linear(concat(x, t), 3)
    }

    solver Ralston {
        order: 3,
        tableau: {
            0   | ;
            2/3 | 2/3;
                | 1/4, 3/4;
        }
    }

    sampler MoonsSampler for Moons { solver: RK4, grid: uniform(100) }
}

fn main() {}
