def half(number):
    return missing / 2


print("before")
half(1)
