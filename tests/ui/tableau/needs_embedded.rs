use flow_runtime::flow_model;

fn adaptive<S: flow_runtime::solve::Embedded>() {}

flow_model! {
    /// Heun's method.
    solver Method {
        order: 2,
        tableau: {
            0 | ;
            1 | 1;
              | 1/2, 1/2;
        }
    }
}

fn main() {
    adaptive::<Method>();
}
