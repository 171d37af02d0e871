use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [3] {
        let h = liner(concat(x, t), 64);
        let g = relu(x, 2);
        sinusoidal(t, 7) + wide
    }

    train Training for Feild {
        optimizer: adamm(lr = 1e-3),
        bach: 256,
    }

    sampler FieldSampler for Field {
        solver: RK4,
        grid: uniform(-1),
    }
}

fn main() {}
