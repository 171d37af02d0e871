use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        linear(concat(x, t), 2)
    }

    sampler FieldSampler for Field {
        solver: Rk4,
        grid: given([0.0, 0.5, 0.5, 2.0]),
    }
}

fn main() {}
