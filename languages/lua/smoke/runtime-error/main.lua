local function pick(list)
  return list.x.y
end

pick({})
