print(area(3))
