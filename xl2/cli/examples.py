"""The examples at the end of each command's help, each with what it does."""

EXAMPLES = {
    "path": (
        ("Images that come with scikit-learn, to see an answer:", "xl2 path digits"),
        (
            "A table whose last column is the label, with a report and the model:",
            "xl2 path flowers.csv --report out.html --out model.safetensors",
        ),
        (
            "Another label, lambdas of your own, and another score to choose by:",
            "xl2 path flowers.csv --target kind --lambdas 0,1,10 --scoring roc_auc",
        ),
        (
            "What the columns length and width are worth, and more time to try things:",
            "xl2 path flowers.csv --without length,width --budget 5",
        ),
    ),
    "diagnose": (
        (
            "The verdict of the path that wrote the model:",
            "xl2 diagnose model.safetensors flowers.csv",
        ),
        (
            "The same, on samples that came later:",
            "xl2 diagnose model.safetensors flowers.csv --test new.csv",
        ),
    ),
    "inspect": (
        ("How a table is read:", "xl2 inspect flowers.csv"),
        (
            "A table of a database, with another label, and without a column of ids:",
            "xl2 inspect 'sqlite:shop.db?orders' --target paid --ignore id",
        ),
    ),
    "train": (
        (
            "Two hidden layers and a penalty, saved to a file:",
            "xl2 train flowers.csv --hidden 50,25 --lambda 10 --out model.safetensors",
        ),
        (
            "A long run that can be killed and resumed:",
            "xl2 train flowers.csv --epochs 1000 --checkpoint run --resume",
        ),
    ),
    "predict": (
        (
            "A prediction for each row, as a table:",
            "xl2 predict model.safetensors new.csv --out predictions.csv",
        ),
        (
            "Of values, with the ends of 90 % prediction intervals:",
            "xl2 predict ensemble.safetensors new.csv --interval 0.9",
        ),
    ),
    "export": (
        (
            "A graph that ONNX Runtime and others read:",
            "xl2 export model.safetensors --onnx model.onnx",
        ),
    ),
    "backends": (("Which array libraries work here:", "xl2 backends"),),
    "bench": (
        ("An epoch, beside PyTorch if it is installed:", "xl2 bench --only epoch,torch"),
        ("A short run:", "xl2 bench --rows 6000 --rounds 3"),
    ),
}
