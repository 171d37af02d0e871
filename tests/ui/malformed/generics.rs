use flow_runtime::flow_model;

flow_model! {
    model Field<const N: usize>(x: [N], t: Time) -> [N] {
        linear(concat(x, t), N)
    }
}

fn main() {}
