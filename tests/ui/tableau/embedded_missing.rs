use flow_runtime::flow_model;

flow_model! {
    solver Method {
        order: 3,
        tableau: {
            0   | ;
            1/2 | 1/2;
            3/4 | 0,   3/4;
            1   | 2/9, 1/3, 4/9;
                | 2/9, 1/3, 4/9, 0;
                | 7/24, 1/4, 1/3, 1/8;
        }
    }
}

fn main() {}
