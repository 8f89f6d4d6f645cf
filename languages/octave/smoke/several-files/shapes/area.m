function a = area(side)
  a = side * side;
end
