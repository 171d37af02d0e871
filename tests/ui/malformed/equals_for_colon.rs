use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        linear(concat(x, t), 2)
    }

    sampler FieldSampler for Field {
        solver = Rk4,
        grid = uniform(10),
    }
}

fn main() {}
