def area(side)
  side * side
end
