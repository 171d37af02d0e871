use flow_runtime::flow_model;

flow_model! {
    solver Method {
        order: 2,
        tableau: {
            0               | ;
            sqrt(2)-sqrt(3) | sqrt(2)-sqrt(3);
                            | 1/2, 1/2;
        }
    }
}

fn main() {}
