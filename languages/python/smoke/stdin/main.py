number = int(input())
print(number * number)
