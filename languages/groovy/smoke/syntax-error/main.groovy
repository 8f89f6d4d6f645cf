def n = 1
def m = [1
)
