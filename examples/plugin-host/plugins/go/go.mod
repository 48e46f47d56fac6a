module stock

go 1.25
