"""Floor 7: where along the chain a gradient dies, why, and which cure worked; on our models and on live PyTorch ones.

`measured` holds the numbers, `subjects` takes them from a training set-up, `learning` judges whether it learns,
`symptoms` what is seen, `causes` why, `cures` what helped; `ledger` and `report` show it.
"""
